"""Cells and columns that every report shares, and how a value is said on a page."""

from datetime import date
from decimal import Decimal

from catalog.money import MONEY_CONTEXT
from dashboards.links import Links
from dashboards.margin import Margin
from dashboards.reports.report import Cell, Column, Kind
from dashboards.reports.words import Words
from dashboards.scope import Scope

LOSS = "loss"
HEAT_STEPS = 4


def margin_columns(words: Words, *, sorts: bool = False) -> list[Column]:
    """Return the four columns of a margin."""
    named = [
        ("revenue", "Revenue", Kind.MONEY), ("cogs", "COGS", Kind.MONEY),
        ("gross_profit", "Gross profit", Kind.MONEY), ("gross_margin", "Gross margin", Kind.RATIO),
    ]  # fmt: skip
    keys = {"revenue": "revenue_cad", "cogs": "cogs_cad", "gross_profit": "gross_profit_cad"}
    return [
        Column(keys.get(key, key), words.say(label), kind, sort=key if sorts else "")
        for key, label, kind in named
    ]


def margin_cells(
    margin: Margin, links: Links, scope: Scope, words: Words, **narrowed: str | None
) -> list[Cell]:
    """Return a margin's four cells; each leads to its trace, `narrowed` by metric or plan."""
    lines, costs = links.revenue(scope, **narrowed), links.cogs(scope, **narrowed)
    behind = lines if margin.revenue_cents else costs
    return [
        Cell(margin.revenue, lines),
        Cell(margin.cogs_cad, costs),
        Cell(margin.gross_profit, behind, tone=LOSS if margin.gross_profit < 0 else ""),
        ratio_cell(margin, behind, words),
    ]


def named(name: str, value: str | None) -> dict[str, str | None]:
    """Return the parameter of a trace's address that asks for a value, or for none."""
    return {f"no_{name}": "1", name: None} if value is None else {name: value}


def ratio_cell(margin: Margin, link: str, words: Words, *, has_heat: bool = False) -> Cell:
    """Return a gross margin, or n/a and its reason."""
    ratio, reason = margin.gross_margin, margin.gross_margin_reason
    tone = LOSS if margin.gross_profit < 0 else ""
    if has_heat and ratio is not None:
        tone = heat(ratio)
    return Cell(ratio, link, reason=words.say(reason) if reason else "", tone=tone)


def heat(gross_margin: Decimal) -> str:
    """Return the tint of a cell of a matrix: loss, or a quarter of the way to 100 %."""
    if gross_margin < 0:
        return "heat-loss"
    return f"heat-{min(int(gross_margin * HEAT_STEPS) + 1, HEAT_STEPS)}"


def said(cell: Cell, kind: Kind, words: Words) -> str:
    """Return a cell's value as its page shows it."""
    value = cell.value
    if value is None:
        return words.say("n/a") if cell.reason else "–"
    if isinstance(value, Decimal):
        return _said_decimal(value, kind, words)
    if isinstance(value, date):
        return words.month(value)
    if isinstance(value, int):
        return words.count(value)
    return value


def ratio_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part ÷ whole at six decimals, None of nothing."""
    if whole <= 0:
        return None
    return MONEY_CONTEXT.divide(part, whole).quantize(Decimal("0.000001"), context=MONEY_CONTEXT)


def _said_decimal(value: Decimal, kind: Kind, words: Words) -> str:
    say = {Kind.RATIO: words.percent, Kind.POINTS: words.points, Kind.QUANTITY: words.quantity,
           Kind.UNIT_PRICE: words.plain_unit_price}.get(kind, words.plain)  # fmt: skip
    return say(value)
