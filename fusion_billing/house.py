"""The house, opened: every store and thread of one process, built by hand in one place."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from catalog.billable_metrics import BillableMetric
from catalog.store import billable_metrics, services
from fusion_billing.clock import Clock
from fusion_billing.opened_state import opened_state, pepper_of
from fusion_billing.settings import Settings
from fusion_billing.shard_workers import ShardWorkers
from ingest.awaited_flush import AwaitedFlush
from ingest.committer import Committer
from ingest.deciding import Decider, IndexDecider, ShardDecider
from ingest.flush import Flusher, Flushing
from ingest.intake_counts import IntakeCounts
from ingest.keys.erased_keys import ErasedKeys, ErasureDecider
from ingest.keys.kept_keys import KeptKeys
from ingest.receiving import Intake
from ingest.usage_log import UsageLog
from rating.rated_line_store import ship_rated_lines
from storage.inbox import Inbox, open_inbox
from storage.lake import Lake
from storage.lake_place import LakePlace
from storage.state import State

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class House:
    """What the process has open; closed in the reverse order of opening."""

    settings: Settings
    clock: Clock
    pepper: bytes
    state: State
    lake: Lake
    inbox: Inbox
    flusher: Flushing
    workers: ShardWorkers | None
    committer: Committer
    intake: Intake
    usage_log: UsageLog
    counts: IntakeCounts

    def inbox_age_seconds(self) -> int:
        """Return the age of the oldest event that is not in the lake yet; 0 for none."""
        oldest = self.inbox.oldest_at()
        return 0 if oldest is None else max(0, int((self.clock() - oldest).total_seconds()))


@contextmanager
def opened_house(settings: Settings, clock: Clock) -> Iterator[House]:
    """Open everything; LakeBusyError when another process has this data folder open.

    With a shared inbox any number of processes may open the same house.
    """
    with ExitStack() as opened:
        state = opened.enter_context(opened_state(settings))
        lake = Lake(lake_place(settings))
        opened.callback(lake.close)
        inbox = open_inbox(
            settings.inbox_url.get_secret_value(), settings.data_dir, settings.shards
        )
        opened.callback(inbox.close)
        since = _month_before(clock(), settings.key_index_months)
        counts = IntakeCounts()
        pepper = pepper_of(settings)
        flusher: Flushing
        workers = None
        if settings.is_scaled:
            committer = Committer(inbox, lambda: ShardDecider(settings.shards), counts)
            if "flush" in settings.role_names:
                workers = ShardWorkers(
                    state=state,
                    inbox=inbox,
                    lake=lake,
                    metrics=lambda: _metrics_in_force(state),
                    clock=clock,
                    index_since=since,
                    holder=secrets.token_hex(8),
                    lease_seconds=settings.lease_seconds,
                    counts=counts,
                    pepper=pepper,
                )
                opened.callback(workers.close)
            flusher = AwaitedFlush(
                inbox,
                lake,
                settings.flush_wait_seconds_max,
                hurry=workers.hurry if workers else _nobody,
            )
            # Old usage is looked up by the flush workers: a push waits for nothing but the inbox.
            looked_up_before = LONG_AGO
        else:
            flusher = Flusher(inbox, lake, lambda: _metrics_in_force(state), counts=counts)
            keys = KeptKeys(settings.data_dir, lake, inbox, since)
            committer = Committer(inbox, partial(_open_decider, keys, lake, pepper), counts)
            opened.callback(_keep_keys, keys, committer)
            opened.callback(flusher.flush)
            looked_up_before = since
        opened.callback(committer.close)
        if "jobs" in settings.role_names:
            ship_rated_lines(state, lake)
        yield House(
            settings=settings,
            clock=clock,
            pepper=pepper,
            state=state,
            lake=lake,
            inbox=inbox,
            flusher=flusher,
            workers=workers,
            committer=committer,
            intake=Intake(committer, flusher, lake, looked_up_before),
            usage_log=UsageLog(lake, flusher),
            counts=counts,
        )


def lake_place(settings: Settings) -> LakePlace:
    """Return where the lake lies, as the settings say."""
    return LakePlace(
        folder=settings.data_dir / "lake",
        catalog=settings.lake_catalog.get_secret_value(),
        data=settings.lake_data,
        s3_endpoint=settings.s3_endpoint,
        s3_region=settings.s3_region,
        s3_key_id=settings.s3_key_id,
        s3_secret=settings.s3_secret.get_secret_value(),
        memory=settings.lake_memory,
    )


def _nobody(_shards: Sequence[int]) -> None:
    """Hurry nobody: no shard is flushed in this process."""


def _open_decider(keys: KeptKeys, lake: Lake, pepper: bytes) -> Decider:
    return ErasureDecider(IndexDecider(keys.open()), ErasedKeys(lake, pepper))


def _keep_keys(keys: KeptKeys, committer: Committer) -> None:
    """Keep what is known for the next start, unless nobody knows whether all of it was kept."""
    if committer.is_sure:
        keys.keep()


def _month_before(at: datetime, months: int) -> datetime:
    """Return the start of the month `months` - 1 before that of `at` (1: this month)."""
    count = at.year * 12 + at.month - months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def _metrics_in_force(state: State) -> dict[tuple[str, str], BillableMetric]:
    with state.read() as connection:
        return {
            (service.code, code): metric
            for service in services.services(connection)
            for code, metric in billable_metrics.metrics_by_code(connection, service.code).items()
        }
