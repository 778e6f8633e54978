"""The addresses of the trace: figures down to their documents, documents back to figures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from dashboards.close.as_closed import cube_as_of
from dashboards.margin import Basis
from dashboards.mart.ledger import read_ledger
from dashboards.pages import NotFoundPage, links_of
from dashboards.reports.answer import answered_page, report_context
from dashboards.reports.asked import Asked
from dashboards.reports.filters import filters_from
from dashboards.reports.forms import add_forms, in_form
from dashboards.reports.notices import known_then, no_figures
from dashboards.reports.report import Report
from dashboards.scope import ScopeFault, text_from
from dashboards.trace.cogs import cogs_report
from dashboards.trace.documents import bill_report, division_report, invoice_report
from dashboards.trace.figure import figure_of, traced_filters
from dashboards.trace.figure_report import PageLink
from dashboards.trace.parts import (
    bill_rows,
    cost_parts,
    divided_rows,
    invoice_lines,
    line_parts,
)
from dashboards.trace.revenue import revenue_report
from storage.lake import Lake

Build = Callable[[Asked, Lake, Mapping[str, str]], Report]
# What can be chosen on a figure's page; a document is of no filter.
CHOICES = ("from", "to", "service", "as_of")
FIGURES = ("/trace/revenue", "/trace/cogs")
MOVE_ID_DIGITS_MAX = 18


def add_trace(router: APIRouter) -> None:
    """Add every page of the trace to a router of pages, each with its files."""
    for path in TRACES:
        add_forms(router, path, _answer)


def _answer(path: str, request: Request, form: str) -> Response:
    state, params = request.app.state, request.query_params
    # A trace is of rated revenue; the lines of invoiced revenue have a page of their own.
    filters = replace(filters_from(params), basis=Basis.RATED)
    asked = Asked(
        cube=cube_as_of(state.lake, state.state, filters),
        state=state.state,
        filters=filters,
        links=replace(links_of(request), kept=traced_filters(filters)),
        at=state.clock(),
        has_all_rows=form != "html",
    )
    if form != "html":
        return in_form(asked, _built(path, asked, state.lake, params), form)
    # What is posted does not change the margin pages' figures: it is a part of the question.
    posted = read_ledger(state.lake, state.state).lines_digest
    stamps = (asked.links, asked.this_month, asked.names_stamp, posted)
    question = (path, tuple(sorted(params.items())), *stamps)

    def context() -> Mapping[str, Any]:
        report = _built(path, asked, state.lake, params)
        known = report_context(asked, report, path)
        return known | _addresses(asked, path, params, known)

    return answered_page(request, asked, question, context)


def _built(path: str, asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    report = TRACES[path](asked, lake, params)
    return replace(report, notices=[*known_then(asked), *report.notices])


def _addresses(
    asked: Asked, path: str, params: Mapping[str, str], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what of a page's frame keeps the parameters that only a trace has."""
    own = figure_of(asked, params).said if path in FIGURES else dict(params)
    own = {name: value for name, value in own.items() if name not in ("page", "lang")}
    other = context["other_language"]
    is_french = asked.words.language == "fr"
    return {
        "file": lambda form: asked.here(f"{path}.{form}", **own),
        "selects": [each for each in context["selects"] if each[0] in CHOICES]
        if path in FIGURES else [],
        "hidden": [*context["hidden"], *own.items()],
        "cleared": "",
        "other_language": {
            **other, "address": asked.here(path, **{**own, "lang": None if is_french else "fr"}),
        },
    }  # fmt: skip


def _revenue(asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    figure = figure_of(asked, params)
    empty = no_figures(asked)
    if empty is not None:
        title = asked.words.say("Revenue, line by line")
        return Report("trace_revenue", title, "", empty=empty)
    return revenue_report(figure, line_parts(lake, figure))


def _cogs(asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    figure = figure_of(asked, params)
    empty = no_figures(asked)
    if empty is not None:
        return Report("trace_cogs", asked.words.say("COGS, row by row"), "", empty=empty)
    return cogs_report(figure, cost_parts(lake, asked.state, figure))


def _bill(asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    provider = _needed(params, "provider")
    invoice, file = text_from(params, "invoice"), text_from(params, "file")
    if invoice is None and file is None:
        raise ScopeFault("invoice or file is needed here: follow a link of a cost row")
    rows = bill_rows(lake, asked.state, provider, invoice, file, asked.filters.known_at)
    return bill_report(asked, rows, _pages(asked, "/trace/bill", params))


def _division(asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    try:
        day = date.fromisoformat(_needed(params, "day"))
    except ValueError as error:
        raise ScopeFault("day is a date, like day=2026-10-05") from error
    key = {
        "rule_id": _needed(params, "rule"), "day": day, "provider": _needed(params, "provider"),
        "provider_service": text_from(params, "provider_service"),
    }  # fmt: skip
    rows, parts = divided_rows(lake, asked.state, key, asked.filters.known_at)
    if rows.is_empty():
        raise NotFoundPage("No rule divides such costs on this day now.")
    return division_report(asked, rows, parts, _pages(asked, "/trace/division", params))


def _invoice(asked: Asked, lake: Lake, params: Mapping[str, str]) -> Report:
    move, line = text_from(params, "move"), text_from(params, "line")
    database = text_from(params, "database")
    if move is not None and not (move.isascii() and move.isdigit() and len(move) < 19):  # noqa: PLR2004 - digits of an integer
        raise ScopeFault("move is the number of a record in Odoo, like move=17")
    if move is None and line is None:
        raise ScopeFault("move or line is needed here: follow a link of a rated line")
    lines = invoice_lines(lake, int(move) if move else None, database, line, asked.filters.known_at)
    if lines.is_empty():
        raise NotFoundPage("No posted invoice in Odoo has this line.")
    return invoice_report(asked, lines)


def _pages(asked: Asked, path: str, params: Mapping[str, str]) -> PageLink:
    own = {name: value for name, value in params.items() if name != "page"}
    return lambda number: asked.here(path, **own, page=number)


def _needed(params: Mapping[str, str], name: str) -> str:
    found = text_from(params, name)
    if found is None:
        raise ScopeFault(f"{name} is needed here: follow a link of a figure or cost row")
    return found


TRACES: Mapping[str, Build] = {
    "/trace/revenue": _revenue,
    "/trace/cogs": _cogs,
    "/trace/bill": _bill,
    "/trace/division": _division,
    "/trace/invoice": _invoice,
}
