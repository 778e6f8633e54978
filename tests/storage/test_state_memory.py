"""What was read from the state is remembered for one version of it."""

from storage.state_memory import StateMemory


def read(_connection: object, name: str) -> str:
    """Return what is asked for, as a reading would."""
    return name


def other(_connection: object, name: str) -> str:
    """Return the same, as another reading."""
    return name


def test_a_reading_is_known_in_its_own_version_alone() -> None:
    """Another version, another question or another reading finds nothing."""
    memory = StateMemory()
    memory.keep(7, "found", read, "acme")

    assert memory.recall(7, read, "acme") == ("found",)
    assert memory.recall(8, read, "acme") is None
    assert memory.recall(7, read, "globex") is None
    assert memory.recall(7, other, "acme") is None


def read_nothing(_connection: object, _name: str) -> str | None:
    """Find nothing, as a reading may."""
    return None


def test_nothing_found_is_remembered_too() -> None:
    """That there is nothing is an answer, and is not asked again."""
    memory = StateMemory()
    memory.keep(7, read_nothing(None, "acme"), read_nothing, "acme")

    assert memory.recall(7, read_nothing, "acme") == (None,)


def test_without_a_version_nothing_is_remembered() -> None:
    """Where nobody can tell whether the state changed, every question is asked."""
    memory = StateMemory()
    memory.keep(None, "found", read, "acme")

    assert memory.recall(None, read, "acme") is None


def test_what_was_not_asked_for_longest_is_dropped_first() -> None:
    """At the limit all readings are known; one more drops the one that nobody asked for."""
    memory = StateMemory(readings_max=2)
    for name in ("a", "b"):
        memory.keep(7, name, read, name)
    assert memory.recall(7, read, "a") == ("a",)

    memory.keep(7, "c", read, "c")

    assert memory.recall(7, read, "b") is None
    assert [memory.recall(7, read, name) for name in ("a", "c")] == [("a",), ("c",)]
