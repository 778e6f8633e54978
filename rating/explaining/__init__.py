"""Explanations: how a rated line came about, for people and machines."""
