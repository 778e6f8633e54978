"""Subscriptions as a sale.order with a plan: fields, public methods, two scheduled actions."""

from . import models

__all__ = ["models"]
