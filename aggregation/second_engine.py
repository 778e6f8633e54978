"""The second engine: every quantity once more, by SQL, so that no mistake of one engine is billed.

Reads the lake by itself and combines by other ways than the polars engine: levels instead of
weighed deltas, spans instead of effects, fractions instead of decimals.
"""

from collections.abc import Sequence
from itertools import groupby

from aggregation.quantity import Quantity, UsageWindow
from aggregation.second_engine_answer import second_answer
from aggregation.second_engine_question import method_of, second_question
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_query import MEMORY_LIMIT, lake_answer

ASKED_TOGETHER_MAX = 1_000


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
    found: dict[str, Quantity] = {}
    for part in _parts(windows):
        asked = second_question(part, watermark)
        counted = lake_answer(
            lake.place,
            asked.sql,
            frames=asked.tables,
            parameters=asked.parameters,
            memory_limit=memory_limit,
        )
        found |= second_answer(part, counted)
    return found


def _parts(windows: Sequence[UsageWindow]) -> list[list[UsageWindow]]:
    """Return the windows as they are asked for: a few at once, of many each method by itself.

    One statement for all methods holds the rows of all until the last is counted. The watermark
    shows every statement the same rows.
    """
    if len(windows) <= ASKED_TOGETHER_MAX:
        return [list(windows)] if windows else []
    by_method = groupby(sorted(windows, key=method_of), key=method_of)
    return [list(part) for _, part in by_method]
