"""Estimates: what an event would cost; nothing is stored."""
