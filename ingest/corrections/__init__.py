"""Corrections of usage: void, amend, replace and revert, always by rows that supersede rows."""
