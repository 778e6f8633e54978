"""Lago's real clients against a served app: every method, every answer looked at."""
