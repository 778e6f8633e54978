"""The addresses of the close: its pages, their files, and the figures a close kept."""

from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from catalog.services import Service
from catalog.store.services import services
from dashboards.close.checklist import Item, checklist
from dashboards.close.close_reports import month_report, months_report
from dashboards.close.close_store import (
    books_after,
    books_of,
    decisions,
    decisions_digest,
    kept_text,
    latest_of,
)
from dashboards.close.facts import CloseSources, read_facts
from dashboards.close.month_tables import MonthBook
from dashboards.mart.reading import read_cube
from dashboards.pages import NotFoundPage, body_of, links_of, page
from dashboards.reports.answer import answered_page, report_context
from dashboards.reports.asked import Asked
from dashboards.reports.filters import filters_from, of_months
from dashboards.reports.forms import in_form
from dashboards.reports.report import Report
from dashboards.scope import ScopeFault, month_from, month_param


def add_close(router: APIRouter) -> None:
    """Add the pages of the close to a router of pages."""
    for path, route in (
        ("/close", all_months),
        ("/close.{form}", all_months),
        ("/close/{month}.{form}", one_month),
        ("/close/{month}", one_month),
        ("/close/{month}/figures.ndjson", kept_figures),
    ):
        router.add_api_route(path, route, response_class=Response)


def all_months(request: Request, form: str = "html") -> Response:
    """Answer how all months stand."""
    asked, path = _asked(request, form), "/close"
    with asked.state.read() as connection:
        known = decisions(connection)

    def report() -> Report:
        with asked.state.read() as connection:
            return months_report(asked, latest_of(known), books_after(connection, known))

    if form != "html":
        return in_form(asked, report(), form)
    question = (path, asked.filters, asked.links, asked.names_stamp, decisions_digest(known))
    return answered_page(
        *(request, asked, question),
        lambda: report_context(asked, report(), path) | _choices(asked, None),
    )


def one_month(request: Request, month: str, form: str = "html") -> Response:
    """Answer one month: of the service asked for, or of the only one there is."""
    asked, found = _asked(request, form), _month(month)
    with asked.state.read() as connection:
        known = services(connection)
    wanted = asked.filters.scope.service
    chosen = [service for service in known if wanted in (None, service.code)]
    if not chosen:
        raise NotFoundPage(f"No service has the code {wanted}.")
    service = chosen[0]
    filters = replace(asked.filters, scope=replace(asked.filters.scope, service=service.code))
    asked = replace(asked, filters=of_months(filters, [found]))
    report = month_report(asked, _book(asked, service, found), _checklist(request, service, found))
    return _answered(request, asked, report, f"/close/{month_param(found)}", form, known)


def kept_figures(request: Request, month: str) -> Response:
    """Answer the figures a close kept, byte for byte: their SHA-256 is the one shown."""
    found, service = _month(month), request.query_params.get("service", "")
    with request.app.state.state.read() as connection:
        known = decisions(connection, service, found)
        if not known or not known[-1].keeps_figures:
            raise NotFoundPage(f"No figures of {month} are kept for the service {service!r}.")
        text = kept_text(connection, known[-1])
    name = f'attachment; filename="{service}-{month_param(found)}.ndjson"'
    return Response(text, media_type="application/x-ndjson", headers={"Content-Disposition": name})


def _asked(request: Request, form: str) -> Asked:
    state = request.app.state
    return Asked(
        cube=read_cube(state.lake, state.state),
        state=state.state,
        filters=filters_from(request.query_params),
        links=links_of(request),
        at=state.clock(),
        has_all_rows=form != "html",
    )


def _book(asked: Asked, service: Service, month: date) -> MonthBook:
    with asked.state.read() as connection:
        known = decisions(connection, service.code, month)
        books = books_of(connection, service.code)
    return MonthBook(service.code, month, books, known, asked.cube.parts)


def _checklist(request: Request, service: Service, month: date) -> tuple[Item, ...]:
    sources: CloseSources = request.app.state.close_sources
    cube = read_cube(sources.lake, sources.state)
    return checklist(read_facts(sources, service, month, cube))


def _answered(
    request: Request, asked: Asked, report: Report, path: str, form: str,
    offered: list[Service],
) -> Response:  # fmt: skip
    if form == "html":
        context = report_context(asked, report, path) | _choices(asked, offered)
        body = body_of(context)
        return page(request, "report.html", asked.at, body=body, **context)
    return in_form(asked, report, form)


def _choices(asked: Asked, offered: list[Service] | None) -> dict[str, Any]:
    """Return what a page of the close lets choose: the service, nothing else."""
    words, chosen = asked.words, asked.filters.scope.service
    if offered is None:
        options = [("", words.say("All services"), chosen is None)]
        options += [(code, asked.names().service(code), code == chosen)
                    for code in asked.cube.services]  # fmt: skip
    else:
        options = [(each.code, each.name, each.code == chosen) for each in offered]
    hidden = [] if words.language == "en" else [("lang", words.language)]
    return {"selects": [("service", words.say("Service"), options)], "hidden": hidden,
            "cleared": ""}  # fmt: skip


def _month(text: str) -> date:
    found = month_from(text, "month")
    if found is None:
        raise ScopeFault("a month is needed, like /close/2026-10")
    return found
