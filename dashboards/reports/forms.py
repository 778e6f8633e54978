"""A report as a file of one form: what every kind of report shares."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from dashboards.pages import NotFoundPage
from dashboards.reports.asked import Asked
from dashboards.reports.files import report_csv, report_json, report_workbook
from dashboards.reports.report import Report

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def add_forms(
    router: APIRouter, path: str, answer: Callable[[str, Request, str], Response]
) -> None:
    """Add an address as a page, and with a suffix as files: `answer` is given its form."""

    def as_page(request: Request) -> Response:
        return answer(path, request, "html")

    def as_file(request: Request, form: str) -> Response:
        return answer(path, request, form)

    for each, route in ((path, as_page), (f"{path}.{{form}}", as_file)):
        router.add_api_route(each, route, response_class=Response)


def in_form(asked: Asked, report: Report, form: str) -> Response:
    """Answer a report as .json, .csv or .xlsx; NotFoundPage names these for any other form."""
    if form == "json":
        return JSONResponse(report_json(asked, report))
    name = {"Content-Disposition": f'attachment; filename="{report.key}.{form}"'}
    if form == "csv":
        return Response(report_csv(report), media_type="text/csv; charset=utf-8", headers=name)
    if form == "xlsx":
        return Response(report_workbook(asked, report), media_type=XLSX, headers=name)
    raise NotFoundPage(f"A report has no form .{form}: ask for .csv, .json or .xlsx.")
