"""Quarantine: what was kept and can not be billed until its cause is mended."""
