"""The addresses of the margin reports: each answers as page, .csv, .json and .xlsx."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from dashboards.close.as_closed import cube_as_of, invoiced_as_of
from dashboards.mart.invoiced import cube_on_basis
from dashboards.mart.ledger import read_ledger
from dashboards.mart.recurring import recurring_stamp
from dashboards.mart.standing import standings_stamp
from dashboards.pages import links_of
from dashboards.reports.answer import answered_page, report_context
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import links_on_basis
from dashboards.reports.cogs import cogs, unattributed
from dashboards.reports.customers import customers
from dashboards.reports.days import days_report, of_newest_months
from dashboards.reports.filters import CLOSE, NOW, filters_from
from dashboards.reports.forms import add_forms, in_form
from dashboards.reports.invoiced import invoiced_report
from dashboards.reports.matrix import matrix, with_recent_months
from dashboards.reports.mrr import mrr_report
from dashboards.reports.negative import negative
from dashboards.reports.notices import as_closed, known_then, of_now
from dashboards.reports.one import metrics, one_customer, one_metric, one_service
from dashboards.reports.overview import overview
from dashboards.reports.prices import prices_report, prices_stamp
from dashboards.reports.profit_bridge import profit_bridge
from dashboards.reports.report import Notice, Report, Table
from dashboards.reports.revenue import PATH as REVENUE
from dashboards.reports.revenue import revenue_report
from dashboards.reports.tie_out import tie_out
from dashboards.trace.figure import traced_filters
from storage.lake import Lake

Build = Callable[[Asked], Report]
BuildOfLake = Callable[[Asked, Lake], Report]


def answer(path: str, request: Request, form: str = "html") -> Response:
    """Answer one report in one form."""
    state = request.app.state
    filters = filters_from(request.query_params)
    asked = Asked(
        cube=cube_on_basis(
            cube_as_of(state.lake, state.state, filters),
            filters.basis,
            lambda: invoiced_as_of(state.lake, state.state, filters),
        ),
        state=state.state,
        filters=filters,
        links=links_on_basis(
            replace(links_of(request), kept=traced_filters(filters)), filters.basis
        ),
        at=state.clock(),
        has_all_rows=form != "html",
        ledger=read_ledger(state.lake, state.state),
    )
    if form != "html":
        return in_form(asked, built(path, asked, state.lake), form)
    question = _question(path, asked)
    return answered_page(
        *(request, asked, question),
        lambda: report_context(asked, built(path, asked, state.lake), path),
    )


REPORTS: Mapping[str, Build] = {
    "": overview,
    "/margin": matrix,
    "/margin/service": one_service,
    "/margin/customers": customers,
    "/margin/customer": one_customer,
    "/margin/negative": negative,
    "/margin/metrics": metrics,
    "/margin/metric": one_metric,
    "/cogs": cogs,
    "/cogs/unattributed": unattributed,
}
LAKE_REPORTS: Mapping[str, BuildOfLake] = {
    "/bridge": profit_bridge,
    "/revenue": revenue_report,
    "/invoiced": invoiced_report,
    "/mrr": mrr_report,
    "/margin/days": days_report,
    "/cogs/prices": prices_report,
}
# Pages that no close keeps figures of, and what beside the lake they change with.
OF_NOW: Mapping[str, Callable[[Asked], object]] = {
    "/revenue": lambda asked: standings_stamp(asked.state),
    "/mrr": lambda asked: (recurring_stamp(asked.state), asked.at.date()),
    "/invoiced": lambda _: None,
    "/margin/days": lambda _: None,
    "/cogs/prices": lambda asked: (prices_stamp(asked.state), asked.at.date()),
}
# Of these, pages that can say what was known at a time; and those that can show closed months.
OF_TIME = ("/margin/days", "/cogs/prices", "/revenue", "/invoiced", "/mrr")
OF_CLOSES = ("/revenue", "/invoiced")
# Pages with the tie-out at their foot, and the months each of them shows.
FOOTED: Mapping[str, Callable[[Asked], Asked]] = {
    **dict.fromkeys(("", "/bridge", "/revenue"), lambda asked: asked),
    **{path: lambda asked: asked for path in REPORTS if path.startswith("/margin")},
    "/margin": with_recent_months,
    "/margin/days": lambda asked: of_newest_months(_unless_closed(asked)),
}


def built(path: str, asked: Asked, lake: Lake) -> Report:
    """Return a report, with what it says of its time and the tie-out at its foot."""
    of_lake = LAKE_REPORTS.get(path)
    report = REPORTS[path](asked) if of_lake is None else of_lake(asked, lake)
    told = _told_of_time(path, asked)
    feet = [_foot(path, asked, lake)] if path in FOOTED and report.tables else []
    return replace(report, notices=[*told, *report.notices], tables=[*report.tables, *feet])


def _told_of_time(path: str, asked: Asked) -> list[Notice]:
    if path in OF_TIME and asked.filters.known_at is not None:
        return known_then(asked)
    if path in OF_CLOSES:
        return as_closed(asked, is_invoiced=True)
    return of_now(asked) if path in OF_NOW else as_closed(asked)


def _unless_closed(asked: Asked) -> Asked:
    """Return the question as of now, where a close was asked for that the page does not show."""
    if asked.filters.as_of != CLOSE:
        return asked
    return replace(asked, filters=replace(asked.filters, as_of=NOW))


def _foot(path: str, asked: Asked, lake: Lake) -> Table:
    return tie_out(FOOTED[path](asked), lake, has_bridge=path == REVENUE)


def _question(path: str, asked: Asked) -> tuple[object, ...]:
    """Return all that a page of a report depends on beside the figures."""
    stamp = OF_NOW[path](asked) if path in OF_NOW else None
    known = (asked.this_month, asked.names_stamp, asked.ledger, stamp)
    return (path, asked.filters, asked.links, *known)


def add_reports(router: APIRouter) -> None:
    """Add every report to a router of pages, each as a page and as files."""
    for path in (*REPORTS, *LAKE_REPORTS):
        add_forms(router, path, answer)
