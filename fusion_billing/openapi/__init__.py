"""The OpenAPI document: what each operation takes and answers, with examples that run."""
