"""Check a signed explanation of a rated line: python verify_line.py FILE PUBLIC_KEY_IN_HEX."""

# ruff: noqa: D103, INP001, S101, T201 - a script to be read by customers, not a module of ours

import csv
import decimal
import hashlib
import io
import sys
from decimal import Decimal
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

decimal.getcontext().prec = 200
HOW = {"up": decimal.ROUND_CEILING, "down": decimal.ROUND_FLOOR, "half-up": decimal.ROUND_HALF_UP}
data = Path(sys.argv[1]).read_bytes()
rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def of(record: str) -> list[dict[str, str]]:
    return [row for row in rows if row["record"] == record]


def number(row: dict[str, str], column: str) -> Decimal:
    return Decimal(row[column] or 0)


# 1. The signature is of the SHA-256 of everything before the row "sha256".
digest = hashlib.sha256(data.rpartition(b"\r\nsha256,")[0] + b"\r\n")
key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(sys.argv[2]))
key.verify(bytes.fromhex(of("signature")[0]["text"]), digest.digest())  # or InvalidSignature
# 2. The usage makes the units: counts by weight, divided, then each rounding.
usage, divisor = of("usage"), of("sum")
if divisor and divisor[0]["units"]:
    units = sum((number(row, "units") * number(row, "weight") for row in usage), Decimal(0))
    units /= number(divisor[0], "units")
    for row in of("rounding"):
        if row["text"] in HOW:
            units = units.quantize(Decimal(1).scaleb(-int(row["weight"])), HOW[row["text"]])
        units = max(units, Decimal(0)) if row["text"] == "not below zero" else units
    counted = [number(row, "units") for row in of("units")]
    assert units == counted[0], "the usage does not make the units"
    is_late = any(row["name"] == "kind" and row["text"] == "late_usage" for row in of("line"))
    billed = of("step" if is_late else "quantity")[0]
    assert number(billed, "units") in counted, "these are not the units that were billed"
# 3. Units by price make each step's amount, and the steps make the line's.
for row in of("step"):
    if row["unit_amount"]:
        amount = number(row, "units") * number(row, "unit_amount") + number(row, "flat_amount")
        assert amount == number(row, "amount"), f"not units by price: {row['name']}"
total = sum((number(row, "amount") for row in of("step")), Decimal(0))
assert total == number(of("result")[0], "amount"), "the steps do not make the amount"
print(f"good: {len(usage)} rows of usage, {total} {of('result')[0]['name']}")
