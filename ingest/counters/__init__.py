"""Counters: one number for a window of time."""
