"""Lago's own numbers, computed by what bills: `python -m tests.lago_vectors FILE` compares them."""
