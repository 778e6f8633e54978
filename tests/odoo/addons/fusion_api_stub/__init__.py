"""Daily roll-ups of what providers charged for usage, one record a source's key and day."""

from . import models

__all__ = ["models"]
