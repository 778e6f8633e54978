"""Simulation: history under another price list."""
