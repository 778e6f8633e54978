"""Erased usage is still known: a retry of it is answered as ever, and keeps nothing.

Only a keyed digest of each erased key is held. What the erased event said is gone, so whatever
comes again under its key counts as its repeat. Pushes pay for it only where usage was erased.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from ingest.deciding import Decided, Decider
from ingest.event_columns import columns_of, event_keys
from ingest.flush import Gate
from ingest.inbox_body import Section, events_of_section
from ingest.keys.key_index import Verdict
from ingest.push import Door, Push
from ingest.usage_event import MICROSECONDS, UsageEvent, occurred_us
from storage.lake import Lake
from storage.lake_tables import ERASED_KEY

DIGEST_BYTES = 16
SECRET_BYTES_MAX = 64
SUBSCRIPTIONS_HELD_MAX = 64
Subscription: TypeAlias = tuple[str, str]


class Kind(StrEnum):
    """Why usage was erased: its account's wish, or its age."""

    ACCOUNT = "account"
    RETENTION = "retention"


def key_digests(secret: bytes, keys: Sequence[bytes]) -> list[str]:
    """Return for each key the digest by which it is known once it is erased."""
    own = secret[:SECRET_BYTES_MAX]
    return [blake2b(key, digest_size=DIGEST_BYTES, key=own).hexdigest() for key in keys]


@dataclass(slots=True)
class ErasedKeys:
    """The keys of erased usage, looked up by subscription. Safe for one thread."""

    lake: Lake
    secret: bytes
    # The newest erased month of a subscription; None when every time must be looked up.
    _erased: dict[Subscription, date | None] = field(default_factory=dict)
    _held: OrderedDict[Subscription, Mapping[str, int]] = field(default_factory=OrderedDict)
    _files: Sequence[tuple[str, int]] | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was ever erased."""
        return not self._erased

    def refresh(self) -> None:
        """Read whose usage was erased, unless nothing was since the last time."""
        files = self.lake.files(ERASED_KEY)
        if files == self._files:
            return
        self._erased = self._stored() if files else {}
        self._held.clear()
        self._files = files

    def repeats(
        self, service_code: str, events: Sequence[UsageEvent], received_s: int
    ) -> dict[int, int]:
        """Return the events whose key was erased, by index, with the second they first came in."""
        if self.is_empty:
            return {}
        places: defaultdict[Subscription, list[int]] = defaultdict(list)
        for place, event in enumerate(events):
            subscription = (service_code, event.external_subscription_id or "")
            if subscription in self._erased and self._is_old(subscription, event, received_s):
                places[subscription].append(place)
        found: dict[int, int] = {}
        for subscription, own in places.items():
            known = self._seconds(subscription)
            keys = event_keys(service_code, columns_of([events[place] for place in own]))
            for place, digest in zip(own, key_digests(self.secret, keys), strict=True):
                if digest in known:
                    found[place] = known[digest]
        return found

    def _stored(self) -> dict[Subscription, date | None]:
        """Return the newest erased month of each subscription, None for an erased account's."""
        rows = self.lake.query(
            "SELECT service, subscription_id, max(month), bool_or(kind = ?) "
            "FROM lake.raw.erased_key GROUP BY ALL",
            [Kind.ACCOUNT.value],
        ).rows()
        return {
            (service, subscription): None if is_account else newest
            for service, subscription, newest, is_account in rows
        }

    def _is_old(self, subscription: Subscription, event: UsageEvent, received_s: int) -> bool:
        newest = self._erased[subscription]
        if newest is None or event.timestamp is None:
            return True
        occurred_s = occurred_us(event, received_s) // MICROSECONDS
        return datetime.fromtimestamp(occurred_s, UTC).date().replace(day=1) <= newest

    def _seconds(self, subscription: Subscription) -> Mapping[str, int]:
        """Return the second of first receipt by key digest, of one subscription."""
        held = self._held.get(subscription)
        if held is None:
            rows = self.lake.query(
                "SELECT key_digest, epoch(received_at)::BIGINT FROM lake.raw.erased_key "
                "WHERE service = ? AND subscription_id = ?",
                list(subscription),
            )
            held = dict(rows.iter_rows())
            self._held[subscription] = held
            while len(self._held) > SUBSCRIPTIONS_HELD_MAX:
                self._held.popitem(last=False)
        self._held.move_to_end(subscription)
        return held


class ErasureDecider:
    """A decider that knows erased events; the decision on all others is its inner decider's."""

    def __init__(self, inner: Decider, erased: ErasedKeys) -> None:
        """Read what was erased, now."""
        erased.refresh()
        self._inner = inner
        self._erased = erased

    def decide(self, pushes: Sequence[Push]) -> list[Decided]:
        """Return what becomes of each push, in order."""
        return self._inner.decide([self._told(push) for push in pushes])

    def undo(self, decided: Sequence[Decided]) -> None:
        """Forget what was decided: it could not be kept."""
        self._inner.undo(decided)

    def settle(self) -> None:
        """Tidy up between commits."""
        self._inner.settle()

    def _told(self, push: Push) -> Push:
        """Return the push with what is erased judged, whatever the index or the stores say."""
        if push.door is Door.REFUSED:
            return push
        repeats = self._erased.repeats(push.service_code, push.events, push.received_s)
        if not repeats:
            return push
        verdict = Verdict.CONFLICT if push.refuses_known else Verdict.KNOWN
        judged = {index: (verdict, second) for index, second in repeats.items()}
        return replace(push, judged={**push.judged, **judged})


@dataclass(frozen=True, slots=True)
class ErasureGate:
    """A gate that drops repeats of erased events, before its inner gate judges the others."""

    inner: Gate
    erased: ErasedKeys

    def check(self, mark: int) -> None:
        """Refuse to decide from another mark than the inner gate knows; read what was erased."""
        self.inner.check(mark)
        self.erased.refresh()

    def admit(self, rows: Sequence[Sequence[Section]]) -> list[list[Section]]:
        """Return each row's sections with what must not be kept skipped, and refused ones."""
        return self.inner.admit([[self._told(section) for section in row] for row in rows])

    def settle(self, mark: int) -> None:
        """Remember what was admitted: it is in the lake, up to `mark`."""
        self.inner.settle(mark)

    def undo(self) -> None:
        """Forget what was admitted: it is not."""
        self.inner.undo()

    def _told(self, section: Section) -> Section:
        if section.door is Door.REFUSED or self.erased.is_empty:
            return section
        events = events_of_section(section)
        repeats = self.erased.repeats(section.service_code, events, section.received_s)
        skipped = sorted({*section.skipped, *repeats})
        return msgspec.structs.replace(section, skipped=skipped) if repeats else section
