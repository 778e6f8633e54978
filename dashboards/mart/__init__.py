"""The margin mart: attributed costs and rated lines by day, kept in the lake and at hand."""
