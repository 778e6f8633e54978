"""State tables of provider cost: rates to CAD, rules of attribution, the price list, cursors.

Cost is the house's, not one service's: these tables name no owner. Rows of the first three are
only ever added, so that what was known at any time can be read again.
"""

import sqlalchemy as sa

from storage.columns import instant, metadata, text

# A rate as a source told it at a time: CAD for one unit of the currency, from that day on.
fx_rate = sa.Table(
    "fx_rate",
    metadata,
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    text("rate"),
    text("source"),
    instant("recorded_at"),
)

# The newest revision counts; `body` is who is meant and who gets the cost (JSON).
cost_rule = sa.Table(
    "cost_rule",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    text("valid_from"),
    text("valid_until", null=True),
    text("body"),
    instant("recorded_at"),
)

# What one unit of a metric costs us, for estimates; an override wins over what is no override.
cost_price = sa.Table(
    "cost_price",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    text("provider"),
    text("provider_service", null=True),
    text("service"),
    text("metric_code"),
    text("unit_price"),
    text("currency"),
    text("valid_from"),
    text("valid_until", null=True),
    sa.Column("is_override", sa.Boolean, nullable=False),
    instant("recorded_at"),
)

# How far a source was read, in the source's own words.
cost_cursor = sa.Table(
    "cost_cursor",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    text("position"),
    instant("moved_at"),
)
