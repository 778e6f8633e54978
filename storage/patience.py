"""How long a PostgreSQL that went silent is waited for: errors come within seconds, not hours."""

CONNECT_SECONDS_MAX = 10

# libpq's words, for our end of a connection.
PATIENCE = {
    "connect_timeout": str(CONNECT_SECONDS_MAX),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# The server's words, for its end: a host that vanished in a transaction must not hold its locks.
SERVER_PATIENCE = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
}

# A process that stood still for so long in a transaction, as a frozen one does, loses its locks.
FROZEN_SECONDS_MAX = 60


class StoreUnavailableError(Exception):
    """A store can't be used now, and nothing was kept; the same call may be repeated later."""
