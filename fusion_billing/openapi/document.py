"""The OpenAPI document of a running app, made once when it is first asked for."""

import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from fastapi import FastAPI

from fusion_billing.openapi.completing import completed
from fusion_billing.openapi.nouns import (
    alerts,
    charges,
    corrections,
    costs,
    counters,
    customers,
    events,
    explanations,
    fees,
    fixed_charges,
    health,
    imports,
    invoices,
    metrics,
    payments,
    plans,
    quarantine,
    simulations,
    subscriptions,
    usage,
    webhooks,
)
from fusion_billing.openapi.operation import Operation
from fusion_billing.openapi.shapes import Schema

NOUNS = (
    metrics, plans, charges, fixed_charges, customers, subscriptions, alerts, events, counters,
    imports, quarantine, usage, fees, corrections, simulations, explanations, invoices, payments,
    webhooks, costs, health,
)  # fmt: skip
OPERATIONS: dict[str, Operation] = {one.name: one for noun in NOUNS for one in noun.OPERATIONS}
SHAPES: dict[str, Schema] = {name: shape for noun in NOUNS for name, shape in noun.SHAPES.items()}
EXAMPLES = "examples.json"


@cache
def recorded_answers() -> dict[str, Any]:
    """Return the answers of all examples, as a real app gave them."""
    text = resources.files("fusion_billing.openapi").joinpath(EXAMPLES).read_text("utf-8")
    answers: dict[str, Any] = json.loads(text)
    return answers


def install_openapi(app: FastAPI, mounts: tuple[str, ...]) -> None:
    """Let an app tell the completed document at `/openapi.json`."""
    app.openapi = _told_once(app.openapi, mounts)  # type: ignore[method-assign]


def _told_once(
    plain: Callable[[], dict[str, Any]], mounts: tuple[str, ...]
) -> Callable[[], dict[str, Any]]:
    @cache
    def told() -> dict[str, Any]:
        return completed(plain(), OPERATIONS, SHAPES, recorded_answers(), mounts)

    return told
