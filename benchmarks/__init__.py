"""Benchmarks: our speed as ratios, in one run, to a peer's approach and to the physical limit."""
