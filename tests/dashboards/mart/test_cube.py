"""What a cube remembers: many answers, few other states of itself."""

from collections.abc import Callable
from functools import partial

import pytest

from dashboards.mart.cube import ANSWERS_MAX, NO_PARTS, STATES_MAX, Cube

A_CUBE = Cube("now", NO_PARTS, NO_PARTS, NO_PARTS, NO_PARTS, None, None, None)


def asked(names: range, remembered: Callable[[object, Callable[[], Cube]], Cube]) -> list[int]:
    """Return which of some names were computed when each is asked for in turn."""
    computed: list[int] = []

    def compute(name: int) -> Cube:
        computed.append(name)
        return A_CUBE

    for name in names:
        remembered(name, partial(compute, name))
    return computed


@pytest.mark.parametrize(
    ("way", "most"), [("other_state", STATES_MAX), ("remembered", ANSWERS_MAX)]
)
def test_what_is_remembered_has_a_limit(way: str, most: int) -> None:
    """As many as the limit are computed once; one more, and the one asked longest ago is again."""
    remembered = getattr(A_CUBE.with_parts(way, NO_PARTS), way)

    assert asked(range(most), remembered) == list(range(most))
    assert asked(range(most), remembered) == []
    assert asked(range(most, most + 1), remembered) == [most]
    assert asked(range(1, most + 1), remembered) == []
    assert asked(range(1), remembered) == [0]
