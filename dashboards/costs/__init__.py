"""What the providers charge, in the lake once, and whose it is."""
