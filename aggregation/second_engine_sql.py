"""The second engine's SQL: quantities by DuckDB, from the rules alone.

Pure text. It shares no step with the polars engine, so that a mistake in either is seen. Numbers
are DECIMAL and HUGEINT throughout; texts of properties are cut from the JSON as it was written,
since DuckDB's own JSON functions write numbers anew.
"""

from collections.abc import Collection

# Products of 38 digits and a weight overflow HUGEINT: numbers are weighed in two parts.
PART = 10**19
PROPERTIES_DEPTH_MAX = 34
_STRING = r'"(?:[^"\\]|\\.)*"'


def member_pattern(depth: int) -> str:
    """Return the pattern of one member of a JSON object: its name, and its value as written.

    RE2 knows no recursion, so nesting is spelled out: values with up to `depth` levels of brackets.
    """
    values = [_STRING]
    if depth:
        nested = ""
        for _ in range(depth):
            inner = f"|{nested}" if nested else ""
            nested = rf'[\[{{](?:[^\[\]{{}}"]|{_STRING}{inner})*[\]}}]'
        values.append(nested)
    values.append(r'[^\s",{}\[\]]+')
    return rf"({_STRING})\s*:\s*({'|'.join(values)})"


FLAT_OBJECT = r"\s*\{[^\[\]{}]*\}\s*"
FLAT_MEMBER = member_pattern(0)
NESTED_MEMBER = member_pattern(PROPERTIES_DEPTH_MAX)

# What the watermark shows of the subscriptions asked for; a correction may move usage from one
# metric to another, so facts are taken whatever their metric.
_SEEN = """
asked_owner AS (SELECT DISTINCT service, metric_code, subscription_id FROM asked),
asked_subscription AS (SELECT DISTINCT service, subscription_id FROM asked),
fact AS MATERIALIZED (
    SELECT revision.*
    FROM lake.raw.revision AS revision
    JOIN mark ON revision.shard = mark.of_shard AND revision.inbox_id <= mark.last_id
    SEMI JOIN asked_subscription USING (service, subscription_id)
    QUALIFY row_number() OVER (
        PARTITION BY service, subscription_id, fact_id ORDER BY inbox_id DESC, sequence DESC
    ) = 1
),
plain_event AS (
    SELECT usage.*
    FROM lake.raw.usage AS usage
    JOIN mark ON usage.shard = mark.of_shard AND usage.inbox_id <= mark.last_id
    SEMI JOIN asked_owner USING (service, metric_code, subscription_id)
    ANTI JOIN fact
        ON fact.service = usage.service
        AND fact.subscription_id = usage.subscription_id
        AND fact.fact_id = 'e:' || usage.transaction_id
    WHERE usage.occurred_at < $last AND usage.occurred_at >= coalesce($first, usage.occurred_at)
),
standing_fact AS (
    SELECT
        fact.*,
        nullif(regexp_extract(fact_id, '(?s)^w:[^:]*:[^:]*:(.*)$', 1), '') AS series
    FROM fact
    SEMI JOIN asked_owner USING (service, metric_code, subscription_id)
    WHERE NOT is_void
)"""

_COUNTABLE = """
countable AS (
    SELECT
        service, metric_code, subscription_id, occurred_at, inbox_id, sequence, value, value_text,
        operation_type, precise_total_amount_cents, properties,
        NULL::VARCHAR AS series, NULL::DECIMAL(38,12) AS reading_before
    FROM plain_event
    UNION ALL
    SELECT
        service, metric_code, subscription_id, occurred_at, inbox_id, sequence, value, value_text,
        operation_type, precise_total_amount_cents, properties,
        series,
        lag(value) OVER (
            PARTITION BY service, subscription_id, metric_code, series
            ORDER BY occurred_at, inbox_id, sequence
        )
    FROM standing_fact
)"""

# Of a repeated name the last member counts, hence the lists' reversal.
_WITH_TEXTS = r"""
with_members AS (
    SELECT
        *,
        CASE WHEN properties ~ $flat_object
            THEN regexp_extract_all(properties, $flat_member, 1)
            ELSE regexp_extract_all(properties, $nested_member, 1)
        END AS names,
        CASE WHEN properties ~ $flat_object
            THEN regexp_extract_all(properties, $flat_member, 2)
            ELSE regexp_extract_all(properties, $nested_member, 2)
        END AS written
    FROM countable
),
readable AS (
    SELECT
        * EXCLUDE (names, written, properties),
        list_reverse(list_transform(names, lambda name:
            CASE WHEN contains(name, '\')
                THEN json_extract_string(name, '$') ELSE name[2:-2] END
        )) AS names,
        list_reverse(list_transform(written, lambda text:
            CASE
                WHEN NOT starts_with(text, '"') THEN nullif(text, 'null')
                WHEN contains(text, '\') THEN nullif(json_extract_string(text, '$'), '')
                ELSE nullif(text[2:-2], '')
            END
        )) AS texts
    FROM with_members
)"""

_FITS = """coalesce(list_contains(
                stated.allowed, countable.texts[list_position(countable.names, stated.name)]
            ), false)"""

_TAKEN = f"""
        AND coalesce(list_bool_and(list_transform(asked.matching, lambda stated:
            {_FITS})), true)
        AND NOT coalesce(list_bool_or(list_transform(asked.ignored, lambda one:
            list_bool_and(list_transform(one, lambda stated:
            {_FITS})))), false)"""

_GROUP_TEXTS = """list_transform(asked.group_names, lambda name:
            countable.texts[list_position(countable.names, name)])"""

_COUNTED_HEAD = """
counted AS MATERIALIZED (
    SELECT
        asked.number, asked.method, asked.start_at, asked.until_us, asked.calendar,
        asked.window_days,"""

_COUNTED_MIDDLE = """ AS group_texts,
        countable.occurred_at, countable.inbox_id, countable.sequence,
        countable.value_text, coalesce(countable.operation_type, 'remove') AS operation,
        countable.precise_total_amount_cents AS cents,
        countable.series IS NOT NULL AS is_counter,
        CASE
            WHEN countable.series IS NOT NULL AND asked.is_cumulative
                AND countable.value >= countable.reading_before
            THEN countable.value - countable.reading_before
            ELSE countable.value
        END AS amount,
        countable.occurred_at >= asked.start_at AS is_inside,
        greatest(countable.occurred_at, asked.start_at) AS since"""

_COUNTED_TAIL = """
    JOIN asked USING (service, metric_code, subscription_id)
    WHERE countable.occurred_at < asked.end_at
        AND (asked.counts_history OR countable.occurred_at >= asked.start_at)
        AND (countable.series IS NULL OR asked.takes_counters)"""

_ANSWERS = {
    "count": """
    SELECT number, group_texts,
        (
            (count(*) FILTER (NOT is_counter))::DECIMAL(38,12)
            + coalesce(sum(amount) FILTER (is_counter), 0)
        )::VARCHAR AS total,
        NULL::BIGINT AS events,
        NULL::VARCHAR AS high, NULL::VARCHAR AS low, NULL::VARCHAR AS cents
    FROM counted WHERE method = 'count' GROUP BY ALL""",
    "sum": """
    SELECT number, group_texts, sum(amount)::VARCHAR, count(*), NULL, NULL,
        sum(cents::DECIMAL(38,12))::VARCHAR
    FROM counted WHERE method = 'sum' AND amount IS NOT NULL GROUP BY ALL""",
    "max": """
    SELECT number, group_texts, max(amount)::VARCHAR, count(*), NULL, NULL, NULL
    FROM counted WHERE method = 'max' AND amount IS NOT NULL GROUP BY ALL""",
    "latest": """
    SELECT number, group_texts,
        arg_max(amount, row(occurred_at, inbox_id, sequence))::VARCHAR, count(*), NULL, NULL, NULL
    FROM counted WHERE method = 'latest' AND amount IS NOT NULL GROUP BY ALL""",
    "unique_count": """
    SELECT number, group_texts,
        (count(*) FILTER (operation = 'add'))::VARCHAR, NULL, NULL, NULL, NULL
    FROM (
        SELECT number, group_texts, value_text,
            arg_max(operation, row(occurred_at, inbox_id, sequence)) AS operation
        FROM counted WHERE method = 'unique_count' GROUP BY ALL
    ) GROUP BY ALL""",
    "weighted_sum": """
    SELECT number, group_texts,
        sum(amount)::VARCHAR,
        count(*) FILTER (is_inside),
        sum(level_digits // $part::HUGEINT * lasts_us)::VARCHAR,
        sum(level_digits % $part::HUGEINT * lasts_us)::VARCHAR,
        NULL
    FROM (
        SELECT number, group_texts, amount, is_inside,
            replace((sum(amount) OVER so_far)::VARCHAR, '.', '')::HUGEINT AS level_digits,
            lead(epoch_us(since), 1, until_us) OVER in_order - epoch_us(since) AS lasts_us
        FROM counted WHERE method = 'weighted_sum' AND amount IS NOT NULL
        WINDOW
            in_order AS (
                PARTITION BY number, group_texts ORDER BY occurred_at, inbox_id, sequence
            ),
            so_far AS (
                PARTITION BY number, group_texts ORDER BY occurred_at, inbox_id, sequence
                ROWS UNBOUNDED PRECEDING
            )
    ) GROUP BY ALL""",
    "prorated_sum": """
    SELECT number, group_texts,
        sum(amount)::VARCHAR,
        sum(events)::BIGINT,
        sum(digits // $part::HUGEINT * days)::VARCHAR,
        sum(digits % $part::HUGEINT * days)::VARCHAR,
        sum(cents)::VARCHAR
    FROM (
        SELECT number, group_texts,
            CASE WHEN is_inside THEN days_left ELSE window_days END AS days,
            sum(amount) AS amount,
            replace(sum(amount)::VARCHAR, '.', '')::HUGEINT AS digits,
            sum(cents::DECIMAL(38,12)) AS cents,
            count(*) AS events
        FROM counted
        ASOF JOIN asked_day
            ON counted.calendar = asked_day.calendar AND counted.since >= asked_day.begins_at
        WHERE method = 'prorated_sum' AND amount IS NOT NULL
        GROUP BY ALL
    ) GROUP BY ALL""",
    # Spans of one value touch where it was removed and added again on one day, counted once.
    "prorated_unique_count": """
    SELECT number, group_texts,
        (count(*) FILTER (is_there))::VARCHAR,
        NULL, NULL,
        coalesce(sum(first_day_left - last_day_left + 1 - is_day_counted::INTEGER), 0)::VARCHAR,
        NULL
    FROM (
        SELECT number, group_texts, is_there, first_day_left, last_day_left,
            coalesce(lag(last_day_left) OVER (
                PARTITION BY number, group_texts, value_text
                ORDER BY occurred_at, inbox_id, sequence
            ) = first_day_left, false) AS is_day_counted
        FROM spans WHERE is_in_window
        UNION ALL
        SELECT DISTINCT number, group_texts, false, 0, 1, false
        FROM counted WHERE method = 'prorated_unique_count'
    ) GROUP BY ALL""",
}

_SPANS = """
changes AS (
    SELECT counted.*, asked_day.days_left
    FROM counted
    ASOF JOIN asked_day
        ON counted.calendar = asked_day.calendar AND counted.since >= asked_day.begins_at
    WHERE method = 'prorated_unique_count'
    QUALIFY operation <> lag(operation, 1, 'remove') OVER (
        PARTITION BY number, group_texts, value_text ORDER BY occurred_at, inbox_id, sequence
    )
),
spans AS (
    SELECT number, group_texts, value_text, occurred_at, inbox_id, sequence, operation,
        lead(occurred_at) OVER next_change IS NULL AS is_there,
        coalesce(lead(occurred_at) OVER next_change >= start_at, true)
            AND operation = 'add' AS is_in_window,
        days_left AS first_day_left,
        coalesce(lead(days_left) OVER next_change, 1) AS last_day_left
    FROM changes
    WINDOW next_change AS (
        PARTITION BY number, group_texts, value_text ORDER BY occurred_at, inbox_id, sequence
    )
)"""


def second_engine_sql(methods: Collection[str], *, reads_properties: bool) -> str:
    """Return the statement that answers windows of these methods.

    It reads the tables `asked`, `asked_day` and `mark` beside the lake. Properties are read only
    where some window selects or groups by them.
    """
    # The first answer names the columns.
    named = ["count", *(method for method in _ANSWERS if method in methods and method != "count")]
    answers = "\n    UNION ALL".join(_ANSWERS[each] for each in named)
    return second_engine_steps(methods, reads_properties=reads_properties) + answers


def second_engine_steps(methods: Collection[str], *, reads_properties: bool) -> str:
    """Return the steps before the answers, from what the watermark shows to `counted` rows."""
    steps = [_SEEN, _COUNTABLE]
    source, group_texts, taken = "countable", "[]::VARCHAR[]", ""
    if reads_properties:
        steps.append(_WITH_TEXTS)
        source, group_texts, taken = "readable AS countable", _GROUP_TEXTS, _TAKEN
    rows = f"{group_texts}{_COUNTED_MIDDLE}\n    FROM {source}{_COUNTED_TAIL}{taken}"
    steps.append(f"{_COUNTED_HEAD}\n        {rows}\n)")
    if "prorated_unique_count" in methods:
        steps.append(_SPANS)
    return "WITH" + ",".join(steps)
