"""How Schemathesis sends what it draws for our files of usage: as it is."""

import schemathesis
from schemathesis import SerializationContext


@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.parquet")
def as_drawn(_context: SerializationContext, drawn: object) -> bytes:
    """Return a drawn file as the bytes of a request."""
    return drawn if isinstance(drawn, bytes) else str(drawn).encode()
