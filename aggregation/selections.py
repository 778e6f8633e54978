"""Selections: which rows a window takes by their properties, and the groups these fall into.

Pure. Windows that ask for the same split of a metric's rows share its answer; what is matched
once is a combination of property texts, not a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from aggregation.property_texts import property_texts
from aggregation.quantity import EVERY_ROW, Selection, UsageWindow

SPLIT = pl.Int32()
GROUP = pl.List(pl.String())
METRIC = ("service", "metric_code")
OWNER = (*METRIC, "subscription_id")
Texts: TypeAlias = Mapping[str, str | None]
Stated: TypeAlias = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The rows that a selection takes, in groups by the texts of some properties."""

    selection: Selection = EVERY_ROW
    group_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A selection with the values of each key as a set: of `matching` and of each `ignored`."""

    matching: Stated
    ignored: tuple[Stated, ...]


def split_of(window: UsageWindow) -> Split:
    """Return the split that a window asks for; the empty one takes every row as it is."""
    return Split(window.selection, window.group_keys)


def is_taken(rule: Rule, texts: Texts) -> bool:
    """Say whether a row with these property texts is selected; a missing one matches nothing."""
    return _fits(rule.matching, texts) and not any(_fits(each, texts) for each in rule.ignored)


def rule_of(selection: Selection) -> Rule:
    """Return a selection ready to be asked.

    An ignored filter's key without values says nothing, and so does an ignored filter without
    keys (Lago).
    """
    ignored = [_stated((key, each) for key, each in one if each) for one in selection.ignored]
    return Rule(_stated(selection.matching), tuple(each for each in ignored if each))


def split_numbers(windows: Sequence[UsageWindow]) -> dict[Split, int]:
    """Return every split the windows ask for, numbered."""
    return {split: n for n, split in enumerate(dict.fromkeys(map(split_of, windows)))}


def split_rows(rows: pl.DataFrame, windows: Sequence[UsageWindow]) -> pl.DataFrame:
    """Return each row once for every split its subscription's windows ask for and that takes it.

    `split` is the split's number, `group` the texts of its group keys (null without keys).
    """
    numbers = split_numbers(windows)
    asked = _asked_splits(windows, numbers)
    found = rows.join(asked, on=OWNER)
    splits = list(numbers)
    parts = [
        _metric_rows(part, [splits[n] for n in sorted(_used(part))], numbers)
        for part in found.partition_by(METRIC)
    ]
    if not parts:
        return rows.clear().with_columns(split=pl.lit(0, SPLIT), group=pl.lit(None, GROUP))
    return pl.concat(parts)


def _asked_splits(windows: Sequence[UsageWindow], numbers: Mapping[Split, int]) -> pl.DataFrame:
    """Return for each subscription's metric the numbers of the splits asked of it, sorted."""
    asked: dict[tuple[str, str, str], set[int]] = {}
    for window in windows:
        owner = (window.service_code, window.metric.code, window.subscription_external_id)
        asked.setdefault(owner, set()).add(numbers[split_of(window)])
    return pl.DataFrame(
        [(*owner, sorted(splits)) for owner, splits in asked.items()],
        schema=dict.fromkeys(OWNER, pl.String()) | {"asked": pl.List(SPLIT)},
        orient="row",
    )


def _used(part: pl.DataFrame) -> set[int]:
    return set(part["asked"].unique().explode())


def _metric_rows(
    part: pl.DataFrame, splits: Sequence[Split], numbers: Mapping[Split, int]
) -> pl.DataFrame:
    """Return the rows of one metric, each for every asked split that takes it."""
    rules = {numbers[split]: rule_of(split.selection) for split in splits}
    mentioned = _mentioned(rules.values())
    keys = sorted(mentioned.keys() | {key for split in splits for key in split.group_keys})
    texts = dict(zip(keys, property_texts(part["properties"], keys), strict=True))
    # What no filter mentions matches as little as a missing text: few combinations are left.
    cells = [
        texts[key].set(~texts[key].is_in(sorted(values)), None).alias(f"cell_{number}")
        for number, (key, values) in enumerate(sorted(mentioned.items()))
    ]
    on = ["asked", *(cell.name for cell in cells)]
    rows = part.hstack([*texts.values(), *cells])
    combinations = rows.select(on).unique()
    taken = combinations.with_columns(_taken(combinations, sorted(mentioned), rules))
    return (
        rows.join(taken, on=on, nulls_equal=True)
        .explode("split")
        .drop_nulls("split")
        .with_columns(group=_group({key: texts[key].name for key in keys}, splits, numbers))
        .select(*part.drop("asked").columns, "split", "group")
    )


def _taken(combinations: pl.DataFrame, keys: Sequence[str], rules: Mapping[int, Rule]) -> pl.Series:
    """Return for each combination of asked splits and texts the splits that take it."""
    found = []
    for asked, *cells in combinations.iter_rows():
        texts = dict(zip(keys, cells, strict=True))
        found.append([split for split in asked if is_taken(rules[split], texts)])
    return pl.Series("split", found, dtype=pl.List(SPLIT))


def _group(
    columns: Mapping[str, str], splits: Iterable[Split], numbers: Mapping[Split, int]
) -> pl.Expr:
    group = pl.lit(None, GROUP)
    by_keys: dict[tuple[str, ...], list[int]] = {}
    for split in splits:
        by_keys.setdefault(split.group_keys, []).append(numbers[split])
    for keys, own in by_keys.items():
        if keys:
            texts = pl.concat_list([pl.col(columns[key]) for key in keys])
            group = pl.when(pl.col("split").is_in(own)).then(texts).otherwise(group)
    return group


def _mentioned(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """Return the values that some filter names, by key."""
    mentioned: dict[str, set[str]] = {}
    for rule in rules:
        for stated in (rule.matching, *rule.ignored):
            for key, values in stated:
                mentioned.setdefault(key, set()).update(values)
    return mentioned


def _stated(filters: Iterable[tuple[str, tuple[str, ...]]]) -> Stated:
    return tuple((key, frozenset(values)) for key, values in filters)


def _fits(stated: Stated, texts: Texts) -> bool:
    return all(texts[key] in values for key, values in stated)
