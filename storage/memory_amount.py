"""An amount of memory in DuckDB's words."""

import re

LAKE_MEMORY = "512MB"
MEMORY_AMOUNT = re.compile(r"[1-9][0-9]{0,5}(MB|GB)")


def check_memory_amount(amount: str) -> None:
    """Refuse with ValueError what is no amount of memory, such as 512MB."""
    if not MEMORY_AMOUNT.fullmatch(amount):
        raise ValueError(f"{amount!r} is no amount of memory: say 512MB or 2GB")
