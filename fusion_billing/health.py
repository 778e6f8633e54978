"""Health: is the process alive, may it take traffic, and what is it doing. No key needed."""

from collections.abc import Callable
from dataclasses import asdict

import sqlalchemy as sa
from fastapi import APIRouter, Request

from catalog.http import Json
from fusion_billing import VERSION
from fusion_billing.house import House
from ingest.flush import stream_of
from storage.tables import service

router = APIRouter(tags=["health"])


@router.get("/livez")
def livez() -> Json:
    """Answer while the process can answer at all."""
    return Json({"status": "ok"})


@router.get("/readyz")
def readyz(request: Request) -> Json:
    """Answer 200 when every store answers and pushes can be kept, else 503 with what is wrong."""
    checks = _checks(request.app.state.house)
    ready = all(problem is None for problem in checks.values())
    status = "ok" if ready else "unavailable"
    return Json({"status": status, "checks": checks}, status_code=200 if ready else 503)


@router.get("/health")
def health(request: Request) -> Json:
    """Show version, waiting usage, and when each job last ended well."""
    house: House = request.app.state.house
    jobs = {name: asdict(job) for name, job in request.app.state.scheduler.health.items()}
    failing = sorted(name for name, job in jobs.items() if job["problem"])
    age = house.inbox_age_seconds()
    if age > house.settings.inbox_age_seconds_max:
        failing.append("inbox")
    return Json(
        {
            "status": "degraded" if failing else "ok",
            "version": VERSION,
            "now": house.clock(),
            "is_test_clock": house.clock.is_test,
            "failing": failing,
            "events_waiting": house.inbox.waiting_count(),
            "inbox_age_seconds": age,
            "jobs": jobs,
        }
    )


def _checks(house: House) -> dict[str, str | None]:
    return {
        "state": _problem(lambda: _read_state(house)),
        "lake": _problem(lambda: house.lake.mark(stream_of(0))),
        "inbox": _problem(house.inbox.waiting_count),
        "committer": None if house.committer.is_running else "the committer thread has stopped",
    }


def _read_state(house: House) -> object:
    with house.state.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(service)).scalar_one()


def _problem(check: Callable[[], object]) -> str | None:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - any failure of a store is the answer here
        return f"{type(error).__name__}: {error}"
    return None
