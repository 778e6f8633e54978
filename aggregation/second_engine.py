"""The second engine: every quantity once more, by SQL, so that no mistake of one engine is billed.

Reads the lake by itself and combines by other ways than the polars engine: levels instead of
weighed deltas, spans instead of effects, fractions instead of decimals.
"""

from collections.abc import Sequence

from aggregation.quantity import Quantity, UsageWindow
from aggregation.second_engine_answer import second_answer
from aggregation.second_engine_question import second_question
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_query import MEMORY_LIMIT, lake_answer


def second_quantities(
    lake: Lake,
    windows: Sequence[UsageWindow],
    watermark: Watermark,
    *,
    memory_limit: str = MEMORY_LIMIT,
) -> dict[str, Quantity]:
    """Return the quantity of every window by window key, as SQL over the lake counts it.

    Units, full units, events, levels, named amounts and groups are filled, to be compared with the
    first engine's; single events and digests are not. LakeError when it needs too much memory.
    """
    if not windows:
        return {}
    asked = second_question(windows, watermark)
    counted = lake_answer(
        lake.place,
        asked.sql,
        frames=asked.tables,
        parameters=asked.parameters,
        memory_limit=memory_limit,
    )
    return second_answer(windows, counted)
