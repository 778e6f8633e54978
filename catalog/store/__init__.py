"""The catalogue's rows: plain functions on a connection, frozen nouns in and out."""
