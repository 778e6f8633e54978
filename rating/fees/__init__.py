"""Fees in Lago's sense: rated lines and single events of charges paid in advance."""
