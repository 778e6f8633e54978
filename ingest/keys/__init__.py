"""The keys of usage: whether a push is new, a repeat or a conflict."""
