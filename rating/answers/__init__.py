"""Answers about usage and its price, in Lago's shapes."""
