"""The addresses of the margin reports: each answers as page, .csv, .json and .xlsx."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from dashboards.close.as_closed import cube_as_of
from dashboards.pages import NotFoundPage, body_of, links_of, page
from dashboards.reports.answer import report_context
from dashboards.reports.asked import Asked
from dashboards.reports.cogs import cogs, unattributed
from dashboards.reports.customers import customers
from dashboards.reports.files import report_csv, report_json, report_workbook
from dashboards.reports.filters import CLOSE, filters_from
from dashboards.reports.matrix import matrix
from dashboards.reports.negative import negative
from dashboards.reports.notices import as_closed
from dashboards.reports.one import metrics, one_customer, one_metric, one_service
from dashboards.reports.overview import overview
from dashboards.reports.profit_bridge import profit_bridge
from dashboards.reports.report import Report
from storage.lake import Lake

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Build = Callable[[Asked], Report]


def answer(path: str, request: Request, form: str = "html") -> Response:
    """Answer one report in one form."""
    state = request.app.state
    filters = filters_from(request.query_params)
    asked = Asked(
        cube=cube_as_of(state.lake, state.state, is_closed=filters.as_of == CLOSE),
        state=state.state,
        filters=filters,
        links=links_of(request),
        at=state.clock(),
        has_all_rows=form != "html",
    )
    report = built(path, asked, state.lake)
    if form == "html":
        context = report_context(asked, report, path)
        body = asked.cube.remembered(("body", *_question(path, asked)), lambda: body_of(context))
        return page(request, "report.html", asked.at, body=body, **context)
    if form == "json":
        return JSONResponse(report_json(asked, report))
    name = {"Content-Disposition": f'attachment; filename="{report.key}.{form}"'}
    if form == "csv":
        return Response(report_csv(report), media_type="text/csv; charset=utf-8", headers=name)
    if form == "xlsx":
        return Response(report_workbook(asked, report), media_type=XLSX, headers=name)
    raise NotFoundPage(f"A report has no form .{form}: ask for .csv, .json or .xlsx.")


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


def built(path: str, asked: Asked, lake: Lake) -> Report:
    """Return a report; a page of it is built once for each state of figures and names."""

    def build() -> Report:
        report = profit_bridge(asked, lake) if path == "/bridge" else REPORTS[path](asked)
        return replace(report, notices=[*as_closed(asked), *report.notices])

    if asked.has_all_rows:
        return build()
    return asked.cube.remembered(("report", *_question(path, asked)), build)


def _question(path: str, asked: Asked) -> tuple[object, ...]:
    """Return all that a page of a report depends on beside the figures."""
    return (path, asked.filters, asked.links, asked.this_month, asked.names_stamp)


def add_reports(router: APIRouter) -> None:
    """Add every report to a router of pages, each as a page and as files."""
    for path in (*REPORTS, "/bridge"):
        _add(router, path)


def _add(router: APIRouter, path: str) -> None:
    def as_page(request: Request) -> Response:
        return answer(path, request)

    def as_file(request: Request, form: str) -> Response:
        return answer(path, request, form)

    for each, route in ((path, as_page), (f"{path}.{{form}}", as_file)):
        router.add_api_route(each, route, response_class=Response)
