"""The addresses of the pages: parse, call one named function, shape the answer.

Collaborators are on `app.state` (lake, state, clock). A guard is given where the router is
included: `app.include_router(router, dependencies=[Depends(guard)])`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from markupsafe import Markup

from catalog.http import at_once
from dashboards.close.answer import add_close
from dashboards.cost_rows import cost_page, exported_costs
from dashboards.draft_standing import draft_standing, moves_of_drafts, odoo_link
from dashboards.drafts import STATUSES, draft_page, find_draft
from dashboards.explanation import draft_lines_of, explanation_of
from dashboards.explanation_usage import signed_line_csv, usage_page
from dashboards.freshness import choices_of, freshness_of
from dashboards.links import Links
from dashboards.margin_answer import margin_context, margin_csv, margin_json, read_report
from dashboards.mart.reading import read_cube
from dashboards.names import names_stamp, read_names
from dashboards.pages import PREFIX, NotFoundPage, PageRoute, asset, body_of, links_of, page
from dashboards.rated_lines import exported_lines, find_rated_line, rated_line_page
from dashboards.reports.filters import NOW, as_of_from, moment_of
from dashboards.reports.notices import rows_words
from dashboards.reports.routes import add_reports
from dashboards.reports.words import ENGLISH
from dashboards.row_files import costs_csv, lines_csv, rows_json
from dashboards.scope import page_from, scope_from, text_from
from dashboards.trace.answer import add_trace
from dashboards.trace.revenue import figure_of_line
from storage.lake import Lake
from storage.state import State

router = APIRouter(prefix=PREFIX, route_class=PageRoute, include_in_schema=False)
add_reports(router)
add_close(router)
add_trace(router)


def _lake(request: Request) -> Lake:
    lake: Lake = request.app.state.lake
    return lake


def _state(request: Request) -> State:
    state: State = request.app.state.state
    return state


def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


TheLake = Annotated[Lake, Depends(at_once(_lake))]
TheState = Annotated[State, Depends(at_once(_state))]
Now = Annotated[datetime, Depends(at_once(_now))]


@router.get("/margin/table")
def margin_page(request: Request, lake: TheLake, state: TheState, now: Now) -> HTMLResponse:
    """Show revenue, COGS, gross profit and gross margin."""
    context = margin_context(lake, state, request.query_params, _of_time(request)[0])
    return page(request, "margin.html", now, **context)


@router.get("/margin/table.csv")
def margin_as_csv(request: Request, lake: TheLake, state: TheState) -> Response:
    """Answer the margin table as CSV."""
    return _csv(margin_csv(read_report(lake, state, request.query_params)), "margin")


@router.get("/margin/table.json")
def margin_as_json(request: Request, lake: TheLake, state: TheState, now: Now) -> JSONResponse:
    """Answer the margin table as JSON."""
    return JSONResponse(margin_json(read_report(lake, state, request.query_params), now))


@router.get("/rated_lines")
def rated_lines_page(request: Request, lake: TheLake, state: TheState, now: Now) -> HTMLResponse:
    """Show the rated lines behind a figure."""
    params = request.query_params
    scope, currency = scope_from(params), text_from(params, "currency")
    links, told = _of_time(request)
    cube, asked = read_cube(lake, state), (scope, currency, page_from(params), _known_at(request))

    def body() -> Markup:
        lines = rated_line_page(lake, *asked)
        shown = {
            "scope": scope,
            "currency": currency,
            "lines": lines,
            "links": links,
            "told_of_time": told,
            "page_link": lambda number: links.lines(scope, currency=currency, page=number),
            "choices": choices_of(cube),
            "names": read_names(state, (row["account_id"] for row in lines.rows)),
            "freshness": freshness_of(cube),
        }
        return body_of(shown, "rated_lines_body.html")

    question = ("rated lines", links, names_stamp(state), *asked)
    return page(request, "rated_lines.html", now, body=cube.remembered(question, body))


@router.get("/rated_lines.csv")
def rated_lines_as_csv(request: Request, lake: TheLake) -> Response:
    """Answer rated lines as CSV."""
    params = request.query_params
    rows = exported_lines(
        lake, scope_from(params), text_from(params, "currency"), _known_at(request)
    )
    return _csv(lines_csv(rows), "rated_lines")


@router.get("/rated_lines.json")
def rated_lines_as_json(request: Request, lake: TheLake) -> JSONResponse:
    """Answer rated lines as JSON."""
    params = request.query_params
    rows = exported_lines(
        lake, scope_from(params), text_from(params, "currency"), _known_at(request)
    )
    return JSONResponse({"rated_lines": rows_json(rows)})


@router.get("/rated_lines/{line_id}")
def rated_line_explained(
    request: Request, line_id: str, lake: TheLake, state: TheState, now: Now
) -> HTMLResponse:
    """Show how one rated line came about."""
    line = find_rated_line(lake, line_id)
    if line is None:
        raise NotFoundPage(f"No rated line has the id {line_id}.")
    return page(
        request,
        "rated_line.html",
        now,
        line=line,
        explanation=explanation_of(line["explanation"]),
        usage=usage_page(state, lake, line, page_from(request.query_params)),
        page_link=lambda number: links_of(request).usage_of_line(line_id, number),
        counts_in=figure_of_line(links_of(request), line),
        names=read_names(state, [line["account_id"]]),
    )


@router.get("/rated_lines/{line_id}/explanation.csv")
def rated_line_signed(request: Request, line_id: str, lake: TheLake, state: TheState) -> Response:
    """Answer all that one rated line was computed from, signed."""
    line = find_rated_line(lake, line_id)
    parts = line and signed_line_csv(state, lake, line, request.app.state.pepper)
    if parts is None:
        raise NotFoundPage(f"No rated line with a known explanation has the id {line_id}.")
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=_named("line"))


@router.get("/costs")
def costs_page(request: Request, lake: TheLake, state: TheState, now: Now) -> HTMLResponse:
    """Show the cost rows behind a COGS figure."""
    params = request.query_params
    scope = scope_from(params)
    links, told = _of_time(request)
    cube, asked = read_cube(lake, state), (scope, page_from(params), _known_at(request))

    def body() -> Markup:
        costs = cost_page(lake, *asked)
        shown = {
            "scope": scope,
            "costs": costs,
            "links": links,
            "told_of_time": told,
            "page_link": lambda number: links.costs(scope, page=number),
            "choices": choices_of(cube),
            "names": read_names(state, (row["account_id"] for row in costs.rows)),
            "freshness": freshness_of(cube),
        }
        return body_of(shown, "costs_body.html")

    question = ("costs", links, names_stamp(state), *asked)
    return page(request, "costs.html", now, body=cube.remembered(question, body))


@router.get("/costs.csv")
def costs_as_csv(request: Request, lake: TheLake) -> Response:
    """Answer cost rows as CSV."""
    rows = exported_costs(lake, scope_from(request.query_params), _known_at(request))
    return _csv(costs_csv(rows), "costs")


@router.get("/costs.json")
def costs_as_json(request: Request, lake: TheLake) -> JSONResponse:
    """Answer cost rows as JSON."""
    rows = exported_costs(lake, scope_from(request.query_params), _known_at(request))
    return JSONResponse({"costs": rows_json(rows)})


@router.get("/drafts")
def drafts_page(request: Request, state: TheState, now: Now) -> HTMLResponse:
    """Show invoice drafts and what became of them."""
    params = request.query_params
    service, status = text_from(params, "service"), text_from(params, "status")
    drafts = draft_page(state, service, status, page_from(params))
    names = read_names(state, (row["account_external_id"] for row in drafts.rows))
    return page(
        request, "drafts.html", now, drafts=drafts, names=names, service=service, status=status,
        statuses=STATUSES, standings=draft_standing(state, service),
        moves=moves_of_drafts(state, [row["id"] for row in drafts.rows]),
        odoo_link=lambda move_id: odoo_link(request, move_id),
        page_link=lambda number: links_of(request).drafts(service, status=status, page=number),
    )  # fmt: skip


@router.get("/drafts.json")
def drafts_as_json(request: Request, state: TheState) -> JSONResponse:
    """Answer one page of invoice drafts as JSON, the newest closing first."""
    params = request.query_params
    drafts = draft_page(
        state, text_from(params, "service"), text_from(params, "status"), page_from(params)
    )
    return JSONResponse({"drafts": rows_json(drafts.rows)})


@router.get("/drafts/{draft_id}")
def draft_shown(request: Request, draft_id: str, state: TheState, now: Now) -> HTMLResponse:
    """Show one invoice draft with its lines."""
    draft = find_draft(state, draft_id)
    if draft is None:
        raise NotFoundPage(f"No invoice draft has the id {draft_id}.")
    lines = draft_lines_of(draft["lines"])
    names = read_names(state, [draft["account_external_id"]])
    return page(
        request, "draft.html", now, draft=draft, lines=lines, names=names,
        move=moves_of_drafts(state, [draft_id]).get(draft_id),
        odoo_link=odoo_link(request, draft["odoo_move_id"]),
    )  # fmt: skip


@router.get("/static/{name}")
def static_file(request: Request, name: str) -> Response:
    """Answer a stylesheet, a script or the icon."""
    return asset(name, request.headers.get("Accept-Encoding", ""))


def _known_at(request: Request) -> datetime | None:
    return moment_of(as_of_from(request.query_params))


def _of_time(request: Request) -> tuple[Links, str]:
    """Return addresses that keep the time asked for, and what the page says of it."""
    as_of = as_of_from(request.query_params)
    kept = () if as_of == NOW else (("as_of", as_of),)
    return replace(links_of(request), kept=kept), rows_words(ENGLISH, as_of)


def _csv(text: str, name: str) -> Response:
    return Response(text, media_type="text/csv; charset=utf-8", headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}
