"""A figure's way down to its documents, and from a document back to the figures it counts in."""
