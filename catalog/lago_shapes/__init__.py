"""The catalogue in Lago's words: pure translations, a file a noun."""
