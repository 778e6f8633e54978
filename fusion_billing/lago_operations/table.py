"""The table of all operations, and what is served beyond them."""

from fusion_billing.lago_operations import native, not_offered, via_odoo
from fusion_billing.lago_operations.operation import LagoOperation

ROWS = (*native.ROWS, *via_odoo.ROWS, *not_offered.ROWS)
OPERATIONS: dict[str, LagoOperation] = {
    operation.name: operation for row in ROWS for operation in row.operations()
}
BEYOND_LAGO = (
    "GET /corrections",
    "POST /corrections",
    "GET /corrections/{correction_id}",
    "POST /corrections/{correction_id}/revert",
    "POST /costs",
    "GET /documents/{file_name}",
    "GET /lifecycle_events",
    "GET /quarantine",
    "GET /quarantine/{row_id}",
    "POST /quarantine/replay",
    "POST /quarantine/{row_id}/dismiss",
    "POST /quarantine/{row_id}/mend",
    "GET /rated_lines/public_key",
    "GET /rated_lines/{line_id}/explanation",
    "GET /rated_lines/{line_id}/explanation.csv",
    "POST /simulations",
    "PUT /usage",
    "PUT /usage/batch",
    "POST /usage/events",
    "POST /usage/import",
    "GET /usage/imports",
    "GET /usage/imports/{import_id}",
    "GET /usage/windows",
)
