"""Is everything there? State, inbox and lake of a house at rest are held against each other.

Opens the stores without a flusher, which would forget inbox rows before they are looked at.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from catalog.billable_metrics import BillableMetric
from catalog.store import billable_metrics, services
from fusion_billing.house import lake_place
from fusion_billing.opened_state import opened_state
from fusion_billing.settings import Settings
from ingest.finding import Finding
from ingest.inbox_check import check_inbox
from ingest.keys.content_check import MetricVersions, check_content
from ingest.lake_check import (
    LakeView,
    check_files,
    check_keys,
    check_marks,
    check_positions,
    check_tallies,
    lake_view,
)
from rating.verifying.rated_line_check import check_rated_lines
from storage.inbox import Inbox, open_inbox
from storage.lake import Lake, LakeBusyError
from storage.state import State

Check = Callable[[], Finding]


def findings(settings: Settings, *, is_deep: bool = False) -> Iterator[Finding]:
    """Yield what each check found, as soon as it is known; `is_deep` reads every row.

    LakeBusyError, with what to do, when a service has the folder open.
    """
    with _stores(settings) as (state, lake, inbox):
        view = lake_view(lake)
        for check in _checks(state, inbox, view, is_deep=is_deep):
            yield check()


def _checks(state: State, inbox: Inbox, view: LakeView, *, is_deep: bool) -> Sequence[Check]:
    """Return the checks in their order: what the files check leaves out, no other reads."""
    checks: list[Check] = [
        partial(check_files, view),
        partial(check_marks, view),
        partial(check_positions, view),
        partial(check_keys, view),
        partial(check_tallies, view),
        partial(check_inbox, view.lake, inbox, view.shard_marks),
        partial(check_rated_lines, state, view),
    ]
    if is_deep:
        checks.append(partial(check_content, view, _metric_versions(state)))
    return checks


@contextmanager
def _stores(settings: Settings) -> Iterator[tuple[State, Lake, Inbox]]:
    with ExitStack() as opened:
        state = opened.enter_context(opened_state(settings))
        try:
            lake = Lake(lake_place(settings))
        except LakeBusyError as busy:
            raise LakeBusyError(
                f"{busy}. A check needs the folder for itself: stop the service, or copy the "
                "folder with a file-system snapshot and check the copy with --data-dir"
            ) from busy
        opened.callback(lake.close)
        inbox = open_inbox(
            settings.inbox_url.get_secret_value(), settings.data_dir, settings.shards
        )
        opened.callback(inbox.close)
        yield state, lake, inbox


def _metric_versions(state: State) -> MetricVersions:
    found: defaultdict[tuple[str, str, int], list[BillableMetric]] = defaultdict(list)
    with state.read() as connection:
        for service in services.services(connection):
            for versions in billable_metrics.metric_versions(connection, service.code).values():
                for metric in versions:
                    found[service.code, metric.code, metric.version].append(metric)
    return found
