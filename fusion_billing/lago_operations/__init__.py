"""All operations of Lago's interface: what is ours, what needs Odoo, what is not offered. Pure."""

from fusion_billing.lago_operations.operation import Kind, LagoOperation, path_pattern
from fusion_billing.lago_operations.table import BEYOND_LAGO, OPERATIONS

__all__ = ["BEYOND_LAGO", "OPERATIONS", "Kind", "LagoOperation", "path_pattern"]
