"""Verification: every billed line computed again, and the proof of what was erased."""
