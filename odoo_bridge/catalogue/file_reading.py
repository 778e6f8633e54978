"""A catalogue written in TOML becomes what the catalogue is wanted to be. Pure.

Members are those of the API; a charge names its metric as `metric`.
"""

import tomllib
from datetime import datetime
from typing import Any

from catalog.exact_json import JsonObject, exact_number
from odoo_bridge.catalogue.members import refuse_unknown_in_charge, whole_metric, whole_plan
from odoo_bridge.catalogue.wanted import (
    Problem,
    UnreadableError,
    WantedCatalogue,
    WantedCharge,
    WantedMetric,
    WantedPlan,
    refuse_unknown,
)

FILE_MEMBERS = frozenset({"metrics", "plans", "service"})


def service_and_wanted(text: str, at: datetime) -> tuple[str, WantedCatalogue]:
    """Return the service that a file is for, and what it asks for as of an instant.

    UnreadableError when the file as a whole is no catalogue; what is wrong with one metric or plan
    is a problem of that one.
    """
    try:
        told = tomllib.loads(text, parse_float=exact_number)
    except ValueError as malformed:
        raise UnreadableError(f"it is no TOML: {malformed}") from malformed
    refuse_unknown(told, FILE_MEMBERS, "the file")
    service_code = told.get("service")
    if not isinstance(service_code, str) or not service_code:
        raise UnreadableError('it does not say whose it is: write service = "CODE" at its top')
    problems: list[Problem] = []
    metrics = [
        _metric(given, place, problems) for place, given in enumerate(_tables(told, "metrics"))
    ]
    plans = [
        _plan(given, place, at, problems) for place, given in enumerate(_tables(told, "plans"))
    ]
    named = [given.get("code") for given in _tables(told, "plans")]
    _refuse_twice([given.get("code") for given in _tables(told, "metrics")], "metrics")
    _refuse_twice(named, "plans")
    return service_code, WantedCatalogue(
        metrics=tuple(metric for metric in metrics if metric is not None),
        plans=tuple(plan for plan in plans if plan is not None),
        named_plan_codes=frozenset(map(str, named)),
        problems=tuple(problems),
    )


def _metric(given: JsonObject, place: int, problems: list[Problem]) -> WantedMetric | None:
    source = f"metrics[{place}]"
    try:
        return WantedMetric(str(given.get("code", "")), whole_metric(given), (source,))
    except UnreadableError as unreadable:
        problems.append(Problem(source, str(unreadable)))
        return None


def _plan(
    given: JsonObject, place: int, at: datetime, problems: list[Problem]
) -> WantedPlan | None:
    source = f"plans[{place}]"
    try:
        charges = [
            _charge(charge, f"{source}.charges[{number}]")
            for number, charge in enumerate(_tables(given, "charges"))
        ]
        own = {name: value for name, value in given.items() if name != "charges"}
        code = str(given.get("code", ""))
        return WantedPlan(code, whole_plan(own), tuple(charges), source, at)
    except UnreadableError as unreadable:
        problems.append(Problem(source, str(unreadable)))
        return None


def _charge(given: JsonObject, source: str) -> WantedCharge:
    metric_code = given.get("metric")
    if not isinstance(metric_code, str):
        raise UnreadableError(f"{source} names no metric")
    own = {name: value for name, value in given.items() if name != "metric"}
    refuse_unknown_in_charge(own)
    return WantedCharge(metric_code, own, source)


def _tables(told: dict[str, Any], name: str) -> list[JsonObject]:
    tables = told.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UnreadableError(f"{name} is no list of tables: write [[{name}]]")
    return tables


def _refuse_twice(codes: list[Any], name: str) -> None:
    twice = sorted({str(code) for code in codes if codes.count(code) > 1})
    if twice:
        raise UnreadableError(f"{name} has {', '.join(twice)} more than once")
