"""A signed CSV: all that a rated line was computed from, for its customer to check alone.

`record` says what a row is; the last rows are the SHA-256 of all bytes before them and an Ed25519
signature of that digest. The key is made of the secret that API keys are digested with: all
processes sign alike.
"""

import csv
import hashlib
import hmac
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from catalog.money import amount_of_cents, decimal_text
from rating.explaining.explanation import LineExplanation
from rating.line_text import plain

KEY_PURPOSE = b"fusion-billing: Ed25519 key that signs explanations of rated lines, version 1"
HEADER = (
    "record", "name", "occurred_at", "units", "weight", "unit_amount", "flat_amount", "amount",
    "text",
)  # fmt: skip
LINE_FIELDS = (
    "id", "kind", "draft_id", "service_code", "account_external_id", "subscription_external_id",
    "description", "period_start", "period_end", "timezone", "period_days", "plan_code",
    "plan_version", "charge_code", "charge_id", "filter_id", "charge_model", "metric_code",
    "metric_version", "quantity_included", "quantity_overage", "events_count", "watermark",
    "inputs_digest", "rated_at", "corrects_line_id",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_PER_CHUNK = 5_000
Cell: TypeAlias = str | int | Decimal | datetime | None


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """Return the key that signs, made of the house's secret; it can't be told from the secret."""
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, KEY_PURPOSE, hashlib.sha256))


def public_key(secret: bytes) -> str:
    """Return the 32 bytes of the public key, in hex."""
    public = signing_key(secret).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def signed_csv(explained: LineExplanation, sent: pl.DataFrame, secret: bytes) -> Iterator[bytes]:
    """Yield the parts of a signed file; `sent` are the rows counted, as they were sent."""
    digest = hashlib.sha256()
    for chunk in _chunks([HEADER, *_line_rows(explained)]):
        digest.update(chunk)
        yield chunk
    for rows in sent.iter_slices(ROWS_PER_CHUNK):
        for chunk in _chunks(_usage_rows(rows)):
            digest.update(chunk)
            yield chunk
    for chunk in _chunks([*_result_rows(explained)]):
        digest.update(chunk)
        yield chunk
    signature = signing_key(secret).sign(digest.digest()).hex()
    yield from _chunks([
        _row("sha256", text=digest.hexdigest()),
        _row("signature", "ed25519", text=signature),
        _row("public_key", "ed25519", text=public_key(secret)),
    ])  # fmt: skip


def _line_rows(explained: LineExplanation) -> Iterator[Sequence[Cell]]:
    line = explained.line
    for name in LINE_FIELDS:
        value = plain(getattr(line, name))
        yield _row("line", name, text=None if value is None else str(value))
    for part in ("filter_values", "group"):
        for key, value in getattr(line, part):
            text = value if value is None or isinstance(value, str) else ", ".join(value)
            yield _row(part, key, text=text)


def _usage_rows(rows: pl.DataFrame) -> Iterator[Sequence[Cell]]:
    for row in rows.iter_rows(named=True):
        yield _row(
            "usage",
            row["transaction_id"],
            occurred_at=row["occurred_at"],
            units=row["counts"],
            weight=row["weight"],
            text=row["properties"],
        )


def _result_rows(explained: LineExplanation) -> Iterator[Sequence[Cell]]:
    line, usage = explained.line, explained.usage
    if usage is not None:
        yield _row("sum", "weights are divided by", units=Decimal(usage.denominator))
        for each in usage.roundings:
            yield _row("rounding", each.rule, units=each.after, weight=each.decimals, text=each.how)
        yield _row("units", "as counted", units=usage.units)
        yield _row("units", "before proration", units=usage.full_units)
    elif explained.is_erased:
        yield _row("sum", "the usage was erased; the line verifies from its proof")
    for step in line.steps:
        yield _row(
            "step",
            step.rule,
            units=step.units,
            unit_amount=step.unit_amount,
            flat_amount=step.flat_amount,
            amount=step.amount,
        )
    yield _row("quantity", units=line.quantity)
    amount = amount_of_cents(line.amount_cents, line.currency)
    yield _row("result", line.currency, amount=amount)


def _row(  # noqa: PLR0913 - the columns of the table
    record: str,
    name: str | None = None,
    *,
    occurred_at: datetime | None = None,
    units: Decimal | None = None,
    weight: int | None = None,
    unit_amount: Decimal | None = None,
    flat_amount: Decimal | None = None,
    amount: Decimal | None = None,
    text: str | None = None,
) -> Sequence[Cell]:
    return (record, name, occurred_at, units, weight, unit_amount, flat_amount, amount, text)


def _chunks(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([_cell(cell) for cell in row] for row in rows)
    if text := written.getvalue():
        yield text.encode()


def _cell(cell: Cell) -> str:
    """Return a cell's text; text that a spreadsheet would run as a formula gets a quote mark."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return decimal_text(cell)
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, datetime):
        return str(plain(cell))
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
