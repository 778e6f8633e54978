"""Usage arrives once: the nouns and pure functions of ingest."""

from ingest.usage_event import Faulty, UsageEvent, event_from_lago
from ingest.watermark import Watermark

__all__ = ["Faulty", "UsageEvent", "Watermark", "event_from_lago"]
