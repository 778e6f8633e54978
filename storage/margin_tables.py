"""State tables of margin: which months of the mart are as their sources say."""

import sqlalchemy as sa

from storage.columns import instant, metadata, text

# A month is its first day as text (2026-10-01): dates sort and compare as they are written.
margin_month = sa.Table(
    "margin_month",
    metadata,
    sa.Column("month", sa.Text, primary_key=True),
    text("sources_digest"),
    instant("refreshed_at"),
)
