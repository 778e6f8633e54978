"""Corrections: the money they would move, asked before they are made."""
