"""Providers' own records become charges with every digit, or faults with row and column."""

import io
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.costs.charges import Charges
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.drop_folder import import_dropped
from dashboards.costs.fx import FxRates
from dashboards.costs.importing import Delivery, import_costs
from dashboards.costs.sources.anthropic import ANTHROPIC as ANTHROPIC_BUCKETS
from dashboards.costs.sources.anthropic import anthropic_charges
from dashboards.costs.sources.buckets import BucketedCosts, Buckets
from dashboards.costs.sources.daily_costs import fusion_api_charges
from dashboards.costs.sources.formats import READERS, CostFormat, in_one
from dashboards.costs.sources.google import google_charges
from dashboards.costs.sources.openai import OPENAI as OPENAI_BUCKETS
from dashboards.costs.sources.openai import openai_charges
from dashboards.costs.sources.source import CostSource, recorded
from dashboards.costs.sources.twilio import twilio_charges
from storage.lake import Lake
from tests.dashboards.costs.charge_rows import AT
from tests.dashboards.costs.focus_files import a_row, focus_file

OPENAI = b"""{"object": "page", "data": [{"object": "bucket", "start_time": 1790812800,
 "end_time": 1790899200, "results": [{"object": "organization.costs.result",
 "amount": {"value": 0.13080438340307526316, "currency": "usd"},
 "line_item": "gpt-4o, input", "project_id": "proj_desk"}]}], "has_more": %s, "next_page": %s}"""
ANTHROPIC = b"""{"data": [{"starting_at": "2026-10-01T00:00:00Z",
 "ending_at": "2026-10-02T00:00:00Z", "results": [{"currency": "USD", "amount": "123.45",
 "workspace_id": "wrk_1", "description": "Claude Usage - Input", "model": "claude"}]}],
 "has_more": false, "next_page": null}"""
GOOGLE = {
    "billing_account_id": "0A-1",
    "service": {"id": "S", "description": "Maps Platform"},
    "sku": {"id": "K", "description": "Geocoding"},
    "usage_start_time": "2026-10-01 07:00:00 UTC",
    "usage_end_time": "2026-10-01 08:00:00 UTC",
    "project": {"id": "desk-maps"},
    "labels": [{"key": "team", "value": "desk"}],
    "cost": 5.25,
    "currency": "CAD",
    "usage": {"amount": 100, "unit": "count"},
    "credits": [{"name": "free", "amount": -1.25}],
    "cost_type": "regular",
    "invoice": {"month": "202610"},
    "export_time": "2026-10-03 00:00:00 UTC",
}
DAILY = {
    "key": "k1", "day": "2026-10-01", "provider": "OpenAI", "cost": "1.5", "currency": "CAD",
    "quantity": 12, "service": "nexadesk", "external_customer_id": "acct-1", "revision": 2,
}  # fmt: skip


def twilio(category: str, price: str, **changed: str) -> dict[str, str]:
    return {
        "account_sid": "AC1", "category": category, "description": category, "price": price,
        "price_unit": "usd", "start_date": "2026-10-01", "end_date": "2026-10-01", "usage": "3",
        "usage_unit": "minutes", **changed,
    }  # fmt: skip


def records(*rows: Mapping[str, str]) -> bytes:
    return json.dumps({"usage_records": rows}).encode()


def costs_of(charges: Charges) -> list[Decimal]:
    assert charges.faults == ()
    return charges.frame["effective_cost"].to_list()


def test_openai_costs_keep_every_digit() -> None:
    """A JSON number of 20 decimals is kept as sent, and counts at 12, half-up."""
    charges = openai_charges(OPENAI % (b"false", b"null"))

    assert costs_of(charges) == [Decimal("0.130804383403")]
    row = charges.frame.row(0, named=True)
    assert row["cost_as_sent"] == "0.13080438340307526316"
    assert (row["sub_account_id"], row["billing_currency"]) == ("proj_desk", "USD")


@pytest.mark.parametrize(
    ("buckets", "pages"),
    [
        (OPENAI_BUCKETS, [OPENAI % (b"true", b'"p2"'), OPENAI % (b"false", b"null")]),
        (ANTHROPIC_BUCKETS, [ANTHROPIC]),
    ],
)
def test_windows_cover_the_days_and_recorded_pages_are_a_file(
    buckets: Buckets, pages: list[bytes]
) -> None:
    """Windows follow one another without a gap, and pages read over a network are a file's."""
    source: CostSource = BucketedCosts(lambda _path, _query: b"", buckets)
    windows = list(source.discover(date(2026, 1, 1), date(2026, 12, 31)))

    assert (windows[0].start, windows[-1].end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert all(one.end == two.start for one, two in pairwise(windows))
    every = [cost for page in pages for cost in costs_of(source.normalise(page))]
    assert costs_of(source.normalise(recorded(pages))) == every


def test_anthropic_tells_cents() -> None:
    """Anthropic's amounts are cents, as text."""
    assert costs_of(anthropic_charges(ANTHROPIC)) == [Decimal("1.2345")]


def test_google_s_net_cost() -> None:
    """A row's cost is net of its credits; labels are tags; a tax stays a tax."""
    content = b"\n".join(
        json.dumps(row).encode() for row in (GOOGLE, {**GOOGLE, "cost_type": "tax"})
    )

    charges = google_charges(content)

    assert costs_of(charges) == [4, 4]
    assert charges.frame["charge_category"].to_list() == ["Usage", "Tax"]
    assert charges.frame["tags"][0] == '{"team": "desk"}'


def test_google_s_corrections_add_up(lake: Lake) -> None:
    """A later export's other row of the same hour is added, and the same row is not."""
    later = {**GOOGLE, "cost": -0.25, "credits": [], "cost_type": "adjustment"}
    for rows in ([GOOGLE], [GOOGLE, later]):
        content = json.dumps(rows).encode()
        found = import_costs(
            lake, content, {}, reader=in_one(google_charges), delivery=Delivery("google"), at=AT
        )
        assert found.errors == ()

    assert costs_in_effect(lake).collect()["effective_cost"].sum() == Decimal("3.75")


def test_twilio_counts_leaves_only() -> None:
    """Sums beside their parts count once, and the parts must make the total."""
    rows = [
        twilio("totalprice", "0.30"), twilio("calls", "0.10"), twilio("calls-inbound", "0.10"),
        twilio("calls-inbound-local", "0.10"), twilio("sms-outbound-longcode", "0.20"),
    ]  # fmt: skip

    assert costs_of(twilio_charges(records(*rows))) == [Decimal("0.10"), Decimal("0.20")]
    torn = twilio_charges(records(*rows[:-1])).faults
    assert "miss totalprice by 0.20" in torn[0].reason


def test_twilio_s_unknown_categories() -> None:
    """A category that nobody knows is refused when it costs something, and else left out."""
    assert costs_of(twilio_charges(records(twilio("brand-new", "0")))) == []

    (fault,) = twilio_charges(records(twilio("brand-new", "1"))).faults
    assert (fault.row_number, fault.column) == (1, "category")


def test_daily_costs_name_all_that_counts() -> None:
    """A roll-up has provider, day, key, cost, owner and revision."""
    charges = fusion_api_charges(json.dumps({"costs": [DAILY]}).encode())

    assert costs_of(charges) == [Decimal("1.5")]
    row = charges.frame.row(0, named=True)
    assert (row["service"], row["account_id"], row["revision"]) == ("nexadesk", "acct-1", 2)


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"currency": "DOLLARS"}, "currency"),
        ({"cost": "-1"}, "cost"),
        ({"cost": "NaN"}, "cost"),
        ({"cost": True}, "cost"),
        ({"cost": "1e99"}, "cost"),
        ({"cost": None}, "cost"),
        ({"quantity": -1}, "quantity"),
        ({"provider": "=cmd()"}, "provider"),
        ({"external_customer_id": "@SUM(A1)"}, "external_customer_id"),
        ({"day": "yesterday"}, "day"),
        ({"day": "1026-10-01"}, "day"),
        ({"revision": 0}, "revision"),
        ({"revision": 1.5}, "revision"),
        ({"category": "usage"}, "category"),
        ({"key": "x" * 2000}, "key"),
    ],
)
def test_hostile_members(changed: dict[str, object], column: str) -> None:
    """A member that can't be believed is a fault of its row and column, and nothing else is."""
    (fault,) = fusion_api_charges(
        json.dumps({"costs": [DAILY, {**DAILY, **changed}]}).encode()
    ).faults

    assert (fault.row_number, fault.column) == (2, column)


def test_a_credit_may_be_negative() -> None:
    """What is called a credit may be below zero."""
    credit = {**DAILY, "cost": "-1", "category": "Credit"}

    assert costs_of(fusion_api_charges(json.dumps({"costs": [credit]}).encode())) == [-1]


ODD = (
    *(b"[]", b"{}", b"[[1]]", b'{"costs": {}}', b'{"usage_records": [7]}'),
    *(b'{"data": [1]}', b'{"data": [{"results": [5]}]}'),
)


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200) | st.sampled_from(ODD))
def test_any_bytes_are_an_answer(file_format: CostFormat, content: bytes) -> None:
    """Whatever a file holds, its reader gives charges or faults, and never a traceback."""
    for charges in READERS[file_format](io.BytesIO(content)):
        assert charges.faults or None not in charges.frame["effective_cost"].to_list()


def test_dropped_files_are_taken_once_and_set_aside(lake: Lake, tmp_path: Path) -> None:
    """A sound file moves to imported, a faulty one to refused beside its faults, none stays."""
    (tmp_path / "openai").mkdir()
    (tmp_path / "sound.csv").write_bytes(focus_file(a_row()))
    (tmp_path / "faulty.csv").write_bytes(focus_file(a_row(), a_row(EffectiveCost="=1+1")))
    (tmp_path / "openai" / "page.json").write_bytes(OPENAI % (b"false", b"null"))
    (tmp_path / "growing.csv.part").write_bytes(b"")
    later = AT.replace(year=2090)

    done = import_dropped(lake, tmp_path, FxRates({"USD": Decimal("1.4")}), at=later)

    assert {each.name: len(each.result.errors) for each in done} == {
        "faulty.csv": 1, "sound.csv": 0, "openai/page.json": 0,
    }  # fmt: skip
    assert import_dropped(lake, tmp_path, FxRates(), at=later) == []
    assert len(list((tmp_path / "imported").iterdir())) == 2
    (told,) = (tmp_path / "refused").glob("*.faults.txt")
    assert told.read_text().startswith("row 2, line 3, EffectiveCost: ")
