"""A request that comes twice under one `Idempotency-Key` takes effect once."""
