"""One file for each noun."""

from . import account_move_line, product, sale_order, sale_order_line, subscription_plan

__all__ = ["account_move_line", "product", "sale_order", "sale_order_line", "subscription_plan"]
