"""The models of the stand-in."""

from . import usage_daily

__all__ = ["usage_daily"]
