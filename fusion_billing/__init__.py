"""The roof: the only place that knows every room."""

VERSION = "0.1.0"
