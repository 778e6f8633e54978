"""The catalogue over HTTP, one router a noun, in Lago's manners."""
