"""FOCUS files become exact rows, or every fault at once."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.costs.charges import ReadCosts, Stamp, cogs_cad
from dashboards.costs.focus import focus_costs
from dashboards.costs.fx import FxRates
from storage.lake_tables import COST
from tests.dashboards.costs.focus_files import SOUND, a_row, focus_file

STAMP = Stamp("file", "file", datetime(2026, 11, 1, tzinfo=UTC))


def read(content: bytes, rates: Mapping[str, Decimal] | None = None) -> ReadCosts:
    return focus_costs(content, rates=FxRates(rates or {}), stamp=STAMP)


def reasons(*rows: Mapping[str, str]) -> list[str]:
    return [fault.reason for fault in read(focus_file(*rows)).faults]


def test_a_sound_row_has_the_columns_of_the_cost_table() -> None:
    """A sound file becomes a frame of exactly the lake's cost columns."""
    found = read(focus_file(a_row()))

    assert found.faults == ()
    assert dict(found.costs.schema) == COST.polars_schema
    assert found.costs.row(0, named=True)["effective_cost"] == Decimal("1.25")


def test_the_month_is_local() -> None:
    """A charge in the last UTC hours of a month's first day belongs to Toronto's month before."""
    row = a_row(ChargePeriodStart="2026-10-01 03:59:59", ChargePeriodEnd="2026-10-01 05:00:00")

    costs = read(focus_file(row)).costs

    assert costs["month"].to_list() == [date(2026, 9, 1)]
    assert costs["charge_period_start"].to_list() == [datetime(2026, 10, 1, 3, 59, 59, tzinfo=UTC)]


def test_an_offset_is_honoured() -> None:
    """A time with an offset is the same instant in UTC."""
    row = a_row(ChargePeriodStart="2026-10-01T08:00:00-04:00")

    found = read(focus_file(row)).costs["charge_period_start"].to_list()

    assert found == [datetime(2026, 10, 1, 12, tzinfo=UTC)]


def test_cogs_is_half_up_at_twelve_decimals() -> None:
    """COGS is the exact product rounded half-up, away from zero on both sides."""
    half = Decimal("0.000000000001")

    assert cogs_cad(half, Decimal("0.5"), "Usage") == Decimal("0.000000000001")
    assert cogs_cad(-half, Decimal("0.5"), "Credit") == Decimal("-0.000000000001")


def test_a_tax_is_kept_and_counts_nothing() -> None:
    """A tax stays in the file's cost and adds no COGS."""
    row = read(focus_file(a_row(ChargeCategory="Tax"))).costs.row(0, named=True)

    assert (row["effective_cost"], row["cogs_cad"]) == (Decimal("1.25"), Decimal(0))


def test_cad_needs_no_rate_and_others_do() -> None:
    """A currency without a rate is a fault that names it and the option to give."""
    euro = read(focus_file(a_row(), a_row(BillingCurrency="EUR")))

    assert euro.costs.is_empty()
    assert [(fault.place, fault.reason.split(":")[0]) for fault in euro.faults] == [
        ("row 2, line 3, BillingCurrency", "no rate for EUR on 2026-10-01")
    ]


@pytest.mark.parametrize("rate", ["0", "-1.4", "NaN", "Infinity", "1e-13", "1000000"])
def test_a_rate_must_be_a_rate(rate: str) -> None:
    """A rate that is no positive decimal of a sane size is refused at once."""
    with pytest.raises(ValueError, match="USD"):
        read(focus_file(a_row()), {"USD": Decimal(rate)})


def test_cad_is_worth_one_cad() -> None:
    """Nobody can change what a CAD is worth."""
    with pytest.raises(ValueError, match="CAD in CAD"):
        read(focus_file(a_row()), {"CAD": Decimal("1.1")})


def test_attribution_by_columns_then_tags_then_nobody() -> None:
    """Own columns win over tags, and a row that names nobody is unallocated."""
    tags = '{"fc_service": "nexadesk", "fc_account": "acct-1", "other": 5}'
    rows = [
        a_row(x_fc_service="nexacloud", x_fc_account="acct-9", Tags=tags),
        a_row(x_fc_service="NULL", x_fc_account="", Tags=tags),
        a_row(x_fc_service="", x_fc_account="NULL"),
    ]

    costs = read(focus_file(*rows)).costs

    assert costs.select("service", "account_id").rows() == [
        ("nexacloud", "acct-9"), ("nexadesk", "acct-1"), (None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("taken", "given"),
    [
        ({"ProviderName": "AWS"}, {}),
        ({}, {"ServiceProviderName": "AWS"}),
        ({"ProviderName": "old name"}, {"ServiceProviderName": "AWS"}),
    ],
)
def test_provider_names_of_every_version(taken: dict[str, str], given: dict[str, str]) -> None:
    """FOCUS 1.0 to 1.4 all say who the provider is; the newer name wins."""
    row = {name: text for name, text in SOUND.items() if name != "ProviderName"}

    costs = read(focus_file({**row, **taken, **given})).costs

    assert costs["provider"].to_list() == ["AWS"]


@pytest.mark.parametrize(
    "cost",
    ["1e2", "1E-7", "0x10", "1,5", "$1", "NaN", "inf", "--1", "1.2.3", "1.0000000000001",
     "1000000000000000", "\uff19", "1_000", "."],
)  # fmt: skip
def test_a_cost_is_plain_decimal_text(cost: str) -> None:
    """Anything but a plain decimal that fits the column is a fault, never a rounded cost."""
    assert len(reasons(a_row(EffectiveCost=cost))) == 1


@pytest.mark.parametrize("cost", ["-0.000000000001", "999999999999999.999999999999", "007", "5."])
def test_costs_that_fit(cost: str) -> None:
    """Every plain decimal of 15 digits and 12 decimals is taken to its last digit."""
    costs = read(focus_file(a_row(EffectiveCost=cost))).costs

    assert costs["effective_cost"].to_list() == [Decimal(cost)]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"ChargePeriodStart": "yesterday"}, "ChargePeriodStart"),
        ({"ChargePeriodStart": "2026-02-30T00:00:00Z"}, "ChargePeriodStart"),
        ({"ChargePeriodStart": "0001-01-01T00:00:00Z"}, "ChargePeriodStart"),
        ({"ChargePeriodEnd": "2026-09-01T00:00:00Z"}, "before"),
        ({"ChargeCategory": "usage"}, "ChargeCategory"),
        ({"ChargeCategory": "NULL"}, "ChargeCategory is missing"),
        ({"EffectiveCost": ""}, "EffectiveCost is missing"),
        ({"ProviderName": ""}, "ProviderName"),
        ({"Tags": "{not json"}, "Tags is not JSON"),
        ({"Tags": "[" * 100_000}, "Tags is not JSON"),
        ({"Tags": "[]"}, "not a JSON object"),
        ({"Tags": '{"fc_service": 5}'}, "must be text"),
    ],
)
def test_hostile_cells(changed: dict[str, str], word: str) -> None:
    """A cell that can't be believed is a fault that says which."""
    found = reasons(a_row(**changed))

    assert len(found) == 1
    assert word in found[0]


def test_all_faults_at_once() -> None:
    """Every faulty row is reported together with its number, and then nothing is taken."""
    rows = [
        a_row(EffectiveCost="1e3"),
        a_row(),
        a_row(BilledCost="x", BillingCurrency="USD"),
    ]

    found = read(focus_file(*rows))

    assert [fault.row_number for fault in found.faults] == [1, 3, 3]
    assert found.costs.is_empty()


def test_a_torn_row_is_a_fault() -> None:
    """A row with too few or too many fields is a fault beside the faults of other rows."""
    content = focus_file(a_row(), a_row(EffectiveCost="x")) + b"1,2,3\r\n" + b",".join([b"1"] * 30)

    found = read(content).faults

    assert [fault.row_number for fault in found] == [2, 3, 4]
    assert found[1].reason == "3 fields where the header has 11"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "missing"),
        (b"\n\n", "missing"),
        (b"a,b\n1,2\n", "the column EffectiveCost is missing"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"Tags,Tags\n1,2\n", "twice"),
        (focus_file(a_row()).split(b"\n")[0] + b"\n", "no cost row"),
        (focus_file(a_row()) + b'"1.5', "broken CSV"),
        (focus_file(a_row()) + b'"1"5,', "broken CSV"),
        (focus_file(a_row()) + b'"' + b"x" * 200_000 + b'"', "broken CSV"),
    ],
)
def test_a_file_that_is_no_focus_file(content: bytes, word: str) -> None:
    """A file that can't be read is a fault of the file, never a traceback."""
    found = read(content)

    assert found.costs.is_empty()
    assert any(word in fault.reason for fault in found.faults)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    """A file that a spreadsheet saved is read as well."""
    assert read(b"\xef\xbb\xbf" + focus_file(a_row())).faults == ()


@pytest.mark.parametrize("column", ["x_fc_service", "x_fc_account", "ProviderName", "ServiceName"])
@pytest.mark.parametrize("formula", ["=1+1", "@SUM(A1)", "+1"])
def test_a_name_is_no_formula(column: str, formula: str) -> None:
    """A name that a spreadsheet would run is refused with its row, line and column."""
    (fault,) = read(focus_file(a_row(**{column: formula}))).faults

    assert fault.place == f"row 1, line 2, {column}"


def test_whole_days_are_the_provider_s() -> None:
    """A charge for whole UTC days counts on its UTC date, though Toronto is a day behind."""
    row = a_row(ChargePeriodStart="2026-10-01 00:00:00", ChargePeriodEnd="2026-11-01 00:00:00")

    costs = read(focus_file(row)).costs

    days = costs.select("month", "day", "last_day").row(0)
    assert days == (date(2026, 10, 1), date(2026, 10, 1), date(2026, 10, 31))


def test_a_negative_quantity_costs_nothing() -> None:
    """Less than nothing may be given back, and not be sold, but by a credit or correction."""
    sold = a_row(ConsumedQuantity="-1", EffectiveCost="1")

    assert len(reasons(sold)) == 1
    assert reasons({**sold, "ChargeCategory": "Credit"}) == []
    assert reasons({**sold, "ChargeClass": "Correction"}) == []
    assert reasons({**sold, "EffectiveCost": "-1"}) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer(content: bytes) -> None:
    """Whatever the bytes are, the answer is rows or faults, and never both."""
    found = read(content)

    assert bool(found.faults) == found.costs.is_empty()


@given(st.lists(st.decimals(-(10**9), 10**9, places=12), min_size=1, max_size=20))
def test_nothing_is_lost_on_the_way(costs: list[Decimal]) -> None:
    """The sum of the rows is the sum of the file, to the last digit."""
    rows = [a_row(EffectiveCost=format(cost, "f")) for cost in costs]

    found = read(focus_file(*rows)).costs["effective_cost"].to_list()

    assert found == costs
