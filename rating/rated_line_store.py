"""Rated lines on their way to the lake: kept with their draft, then shipped exactly once."""

import json
from collections.abc import Collection, Sequence

import msgspec
import polars as pl
import sqlalchemy as sa

from catalog.money import decimal_text
from rating.rated_line import RatedLine
from rating.rater import explanation
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.outbox_shipping import ship_outbox
from storage.state import State
from storage.tables import rated_line_outbox

STREAM = "rated_line"
ORDER_LOCK = 0x66_62_6C_69_6E_65_73
_decoder = msgspec.json.Decoder(RatedLine)


def keep_rated_lines(connection: sa.Connection, lines: Sequence[RatedLine]) -> None:
    """Keep lines in the same transaction as their draft."""
    if lines:
        if connection.dialect.name == "postgresql":
            # Ids must become visible in order, for what is below the mark counts as shipped.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ORDER_LOCK)))
        bodies = [{"body": msgspec.json.encode(line).decode()} for line in lines]
        connection.execute(rated_line_outbox.insert(), bodies)


def ship_rated_lines(state: State, lake: Lake) -> int:
    """Move all kept lines into the lake and return their number; repeating it is harmless."""
    return ship_outbox(state, lake, rated_line_outbox, STREAM, RATED_LINE, _frame_of)


def stored_rated_lines(
    lake: Lake, service_code: str, subscription_external_ids: Collection[str]
) -> list[RatedLine]:
    """Return the lines of some subscriptions that are in the lake, as they were rated."""
    texts = (
        lake.scan(RATED_LINE)
        .filter(
            pl.col("service") == service_code,
            pl.col("subscription_id").is_in(sorted(subscription_external_ids)),
        )
        .sort("rated_at", "id")
        .select("explanation")
        .collect()
    )
    return [_decoder.decode(text) for text in texts["explanation"]]


def rated_line_frame(lines: Sequence[RatedLine]) -> pl.DataFrame:
    """Return the lines as a frame of the lake's rated line table."""
    rows = [
        (
            line.service_month,
            line.id,
            line.service_code,
            line.account_external_id,
            line.subscription_external_id,
            line.draft_id,
            line.kind,
            line.plan_code,
            line.plan_version,
            line.charge_code,
            line.metric_code,
            line.metric_version,
            line.charge_model,
            line.period_start,
            line.period_end,
            line.quantity,
            line.quantity_included,
            line.quantity_overage,
            line.events_count,
            line.amount_cents,
            decimal_text(line.amount),
            line.currency,
            line.description,
            json.dumps(explanation(line)),
            line.watermark,
            line.inputs_digest,
            line.rated_at,
            line.charge_id,
            line.filter_id,
            _object(line.filter_values),
            _object(line.group),
            line.is_invoiceable,
            line.corrects_line_id,
        )
        for line in lines
    ]
    return pl.DataFrame(rows, schema=RATED_LINE.polars_schema, orient="row")


def _frame_of(bodies: Sequence[str]) -> pl.DataFrame:
    return rated_line_frame([_decoder.decode(body) for body in bodies])


def _object(pairs: Sequence[tuple[str, object]]) -> str | None:
    """Return named values as a JSON object, None for none."""
    return json.dumps(dict(pairs), ensure_ascii=False) if pairs else None
