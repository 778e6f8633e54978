"""A FOCUS file of any number of rows, written as it goes, with what it must add up to."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

HEADER = (
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargePeriodEnd,"
    "ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ContractedCost,EffectiveCost,InvoiceId,"
    "ListCost,ProviderName,RegionName,ResourceId,ServiceCategory,ServiceName,SkuId,SubAccountId,"
    "Tags,x_fc_service,x_fc_account"
)
DAYS = 30


@dataclass(frozen=True, slots=True)
class Written:
    """A file and the sums of its columns, counted while it was written."""

    rows: int
    effective_cost: Decimal
    tax: Decimal


def write_focus(path: Path, rows_count: int, *, last: str | None = None) -> Written:
    """Write so many rows over 30 days in USD, every hundredth a tax; `last`: its EffectiveCost."""
    total = tax = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\r\n")
        for number in range(rows_count):
            day, place = number % DAYS + 1, number // DAYS % 4800
            micros = number % 9973 + 1
            is_tax = number % 100 == 0
            total, tax = total + micros, tax + micros * is_tax
            cost = f"0.{micros:06}"
            effective = last if last is not None and number == rows_count - 1 else cost
            start = f"2026-09-{day:02}T{place // 200:02}:{place % 60:02}:00Z"
            file.write(
                f'{cost},1122334455,"Fusion, Inc.",USD,2026-10-01T00:00:00Z,2026-09-01T00:00:00Z,'
                f"{'Tax' if is_tax else 'Usage'},,Requests of kind {number % 17},{start},{start},"
                f"{number % 1000},requests,{cost},{effective},INV-2026-09,{cost},Example Cloud,"
                f"Montréal,res-{number % 5003},Compute,Elastic,sku-{number % 89},sub-{number % 7},"
                f'"{{""team"": ""desk""}}",nexadesk,acct-{number % 997}\r\n'
            )
    return Written(rows_count, Decimal(total).scaleb(-6), Decimal(tax).scaleb(-6))
