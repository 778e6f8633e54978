"""A report as its page: the filters to choose from, the freshness line, the other language."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from fastapi import Request, Response

from dashboards.pages import body_of, page
from dashboards.reports.asked import Asked
from dashboards.reports.basis_words import NAMES, NOTES
from dashboards.reports.cells import said
from dashboards.reports.filters import CLOSE, NOW, PREVIOUS, YEAR
from dashboards.reports.report import Cell, Kind, Report
from dashboards.reports.words import Words
from dashboards.scope import month_param

SECTIONS = {"service": "margin", "days": "margin", "customer": "customers", "metric": "metrics",
            "unattributed": "cogs", "prices": "cogs", "invoiced": "revenue"}  # fmt: skip
Option = tuple[str, str, bool]


def answered_page(
    request: Request,
    asked: Asked,
    question: tuple[object, ...],
    context: Callable[[], Mapping[str, Any]],
) -> Response:
    """Answer a report's page, computed and written once for each state of the figures.

    `question` is all that it depends on beside them: its address, names, what Odoo has posted.
    """
    known = asked.cube.remembered(("context", *question), context)
    body = asked.cube.remembered(("body", *question), lambda: body_of(known))
    return page(request, "report.html", asked.at, body=body, **known)


def report_context(asked: Asked, report: Report, path: str) -> dict[str, Any]:
    """Return what the template of a report shows."""
    words = asked.words
    other = Words("en" if words.language == "fr" else "fr")

    def cell_words(cell: Cell, kind: str) -> str:
        return said(cell, Kind(kind), words)

    def file(form: str) -> str:
        return f"{asked.links.home}{path}.{form}{asked.filters.query()}"

    return {
        "report": report,
        "words": words,
        "say": words.say,
        "section": SECTIONS.get(report.key, report.key),
        "said": cell_words,
        "here": lambda **changes: asked.here(path, **changes),
        "file": file,
        "action": f"{asked.links.home}{path}",
        "selects": _selects(asked),
        "hidden": _hidden(asked),
        "cleared": _cleared(asked, path),
        "freshness": _freshness(asked),
        "revenue_note": words.say(NOTES[asked.filters.basis]),
        "other_language": {
            "tag": other.tag,
            "name": "English" if words.language == "fr" else "Français",
            "address": asked.here(path, lang=None if other.language == "en" else other.language),
        },
    }


def _selects(asked: Asked) -> list[tuple[str, str, list[Option]]]:
    words, filters, names = asked.words, asked.filters, asked.names()
    scope = filters.scope
    services = [("", words.say("All services"), scope.service is None)]
    services += [(code, names.service(code), code == scope.service) for code in asked.cube.services]
    compared = {
        PREVIOUS: words.say("the months before"),
        YEAR: words.say("the same months a year before"),
    }
    return [
        ("from", words.say("From"), _months(asked, scope.first_month, words.say("Default"))),
        ("to", words.say("To"), _months(asked, scope.last_month, words.say("Last closed month"))),
        ("service", words.say("Service"), services),
        ("compare", words.say("Compared with"),
         [(value, text, value == filters.compare) for value, text in compared.items()]),
        ("basis", words.say("Revenue"),
         [(str(basis), words.say(name), basis is filters.basis) for basis, name in NAMES.items()]),
        ("as_of", words.say("Figures"),
         [(NOW, words.say("as of now"), filters.as_of == NOW),
          (CLOSE, words.say("as closed"), filters.as_of == CLOSE), *_known_at(asked)]),
    ]  # fmt: skip


def _known_at(asked: Asked) -> list[Option]:
    at = asked.filters.known_at
    told = asked.words.say("as known {moment}", moment=asked.words.instant(at))
    return [] if at is None else [(asked.filters.as_of, told, True)]


def _months(asked: Asked, chosen: date | None, default: str) -> list[Option]:
    months = {*asked.cube.months, *([chosen] if chosen else [])}
    found = [
        (month_param(month) or "", asked.words.month(month), month == chosen)
        for month in sorted(months, reverse=True)
    ]
    return [("", default, chosen is None), *found]


def _hidden(asked: Asked) -> list[tuple[str, str]]:
    filters = asked.filters
    pairs: Mapping[str, str | None] = {
        "account": filters.scope.account,
        "metric": filters.metric,
        "plan": filters.plan,
        "lang": None if filters.words.language == "en" else filters.words.language,
    }
    return [(name, value) for name, value in pairs.items() if value]


def _cleared(asked: Asked, path: str) -> str:
    """Return the address without filters that can be left, nothing where none is set."""
    dropped = dict.fromkeys(("from", "to", "month", "compare", "basis", "plan", "as_of"))
    kept = asked.here(path, **dropped)
    return kept if kept != asked.here(path) else ""


def _freshness(asked: Asked) -> list[tuple[str, str]]:
    words, cube = asked.words, asked.cube
    return [
        (words.say("Lines rated"), words.instant(cube.rated_at)),
        (words.say("Usage watermark"), cube.watermark or ""),
        (words.say("Costs to"), words.instant(cube.costs_to)),
    ]
