"""Makers of FOCUS files for tests: a sound row, changed where a test says so."""

import csv
import io
from collections.abc import Mapping, Sequence

SOUND = {
    "BilledCost": "1.5",
    "BillingCurrency": "CAD",
    "ChargeCategory": "Usage",
    "ChargeDescription": "Requests",
    "ChargePeriodEnd": "2026-10-02T00:00:00Z",
    "ChargePeriodStart": "2026-10-01T12:00:00Z",
    "EffectiveCost": "1.25",
    "ProviderName": "Example Cloud",
    "ResourceId": "NULL",
    "ServiceName": "Compute",
    "Tags": "NULL",
}


def a_row(**changed: str) -> dict[str, str]:
    """Return a sound row with some cells changed or added."""
    return {**SOUND, **changed}


def focus_file(*rows: Mapping[str, str], header: Sequence[str] = ()) -> bytes:
    """Return rows as a CSV file; the header is the first row's keys unless given."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(header or rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()
