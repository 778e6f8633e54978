"""Real usage: 28,185 requests of two language-model services, as events and as plain sums.

The data are the Azure LLM inference traces (CC BY 4.0), read from beside the repository.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tests.shared_files import shared_file

SUBSCRIPTION = "{service}-trace"
METRICS = (
    ("requests", "count_agg", None),
    ("context_tokens", "sum_agg", "tokens"),
    ("generated_tokens", "sum_agg", "tokens"),
    ("peak_tokens", "max_agg", "tokens"),
)
CONTEXT_QUOTA = 5_000_000
CONTEXT_TIERS = ((0, 2_000_000, "0.0000031"), (2_000_001, None, "0.0000017"))


@dataclass(frozen=True)
class Request:
    """One line of a trace."""

    occurred_at: datetime
    seconds: str
    context_tokens: int
    generated_tokens: int


@dataclass(frozen=True)
class Expected:
    """What a service's month must come to: quantity and cents by metric."""

    quantities: dict[str, Decimal]
    cents: dict[str, int]


def trace(name: str) -> list[Request]:
    """Return the requests of the conversation or the code trace."""
    path = shared_file(f"data/azure_llm_{name}_2023.csv")
    with path.open(newline="") as file:
        return [_request(row) for row in csv.DictReader(file)]


def _request(row: dict[str, str]) -> Request:
    whole, _, fraction = row["TIMESTAMP"].partition(".")
    second = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return Request(
        second,
        f"{int(second.timestamp())}.{fraction}",
        int(row["ContextTokens"]),
        int(row["GeneratedTokens"]),
    )


def pushes(service: str, requests: list[Request]) -> Iterator[dict[str, object]]:
    """Yield one event for each request and metric, as a client would send it."""
    for number, request in enumerate(requests):
        values = {
            "requests": None,
            "context_tokens": request.context_tokens,
            "generated_tokens": request.generated_tokens,
            "peak_tokens": request.context_tokens + request.generated_tokens,
        }
        for code, value in values.items():
            yield {
                "transaction_id": f"{number}-{code}",
                "external_subscription_id": SUBSCRIPTION.format(service=service),
                "code": code,
                "timestamp": request.seconds,
                "properties": {} if value is None else {"tokens": value},
            }


def expected(requests: list[Request]) -> Expected:
    """Compute the month from the trace alone, in fractions, without any code of ours."""
    context = sum(request.context_tokens for request in requests)
    generated = sum(request.generated_tokens for request in requests)
    peak = max(request.context_tokens + request.generated_tokens for request in requests)
    amounts = {
        "requests": Fraction("0.50") * -(-max(len(requests) - 1000, 0) // 1000),
        "context_tokens": _graduated(max(context - CONTEXT_QUOTA, 0)),
        "generated_tokens": generated * Fraction("0.0000123"),
        "peak_tokens": peak * Fraction("0.0002") if peak <= 8000 else peak * Fraction("0.0001"),
    }
    quantities = (len(requests), context, generated, peak)
    return Expected(
        {code: Decimal(value) for (code, _, _), value in zip(METRICS, quantities, strict=True)},
        {code: _cents(amount) for code, amount in amounts.items()},
    )


def charges(metric_ids: dict[str, str]) -> list[dict[str, object]]:
    """Return the charges of the plan that `expected` computes by hand."""
    tiers = [
        {"from_value": first, "to_value": last, "per_unit_amount": price, "flat_amount": "0"}
        for first, last, price in CONTEXT_TIERS
    ]
    peak_tiers = [
        {"from_value": 0, "to_value": 8000, "per_unit_amount": "0.0002", "flat_amount": "0"},
        {"from_value": 8001, "to_value": None, "per_unit_amount": "0.0001", "flat_amount": "0"},
    ]
    priced: dict[str, tuple[str, dict[str, object]]] = {
        "requests": ("package", {"amount": "0.50", "package_size": 1000, "free_units": 1000}),
        "context_tokens": (
            "graduated",
            {"included_quota": str(CONTEXT_QUOTA), "graduated_ranges": tiers},
        ),
        "generated_tokens": ("standard", {"amount": "0.0000123"}),
        "peak_tokens": ("volume", {"volume_ranges": peak_tiers}),
    }
    return [
        {"billable_metric_id": metric_ids[code], "charge_model": model, "properties": properties}
        for code, (model, properties) in priced.items()
    ]


def _graduated(units: int) -> Fraction:
    """Walk the tiers by hand: the first two million, then the rest."""
    first, second = Fraction(CONTEXT_TIERS[0][2]), Fraction(CONTEXT_TIERS[1][2])
    return min(units, 2_000_000) * first + max(units - 2_000_000, 0) * second


def _cents(amount: Fraction) -> int:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator) * 100
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
