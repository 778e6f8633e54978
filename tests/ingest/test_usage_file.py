"""Usage files are read row by row: exact, bounded, and no bad row hides a good one."""

import csv
import gzip
import io
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ValidationFailed
from ingest.files import usage_file as usage_files
from ingest.files.file_row import COLUMNS_MAX, ROW_BYTES_MAX
from ingest.files.usage_file import BATCH_ROWS, FileFormat, file_format, row_batches, usage_file
from ingest.files.usage_lines import csv_rows
from tests.ingest.usage_files import HEADER, codes_of, parquet, problem_of, raws_of, rows_of


def test_lines_of_json_are_raw_events(tmp_path: Path) -> None:
    """Each line is one raw event with exact numbers; blank lines and a byte order mark are none."""
    content = '\ufeff{"code":"a","properties":{"n":0.10000000000000000001}}\r\n\n{"code":"b"}'

    assert raws_of(tmp_path, "u.ndjson", content) == [
        {"code": "a", "properties": {"n": Decimal("0.10000000000000000001")}},
        {"code": "b"},
    ]


def test_a_bad_line_is_told_by_its_number(tmp_path: Path) -> None:
    """Every line that is no JSON object is named, and the good ones are there."""
    content = b'{"code":"a"}\n{\n[1]\n\n\xff\n{"code":"b"}\n'

    assert codes_of(tmp_path, "u.jsonl", content) == {
        2: {"row": ["row_is_not_json"]},
        3: {"row": ["invalid_format"]},
        5: {"row": ["row_is_not_json"]},
    }
    assert len(rows_of(tmp_path / "u.jsonl")) == 5


def test_a_line_has_a_longest_length(tmp_path: Path) -> None:
    """A line may have as many bytes as the limit; one more costs that line alone."""
    longest = '{"code":"' + "x" * (ROW_BYTES_MAX - 12) + '"}\n'
    too_long = longest.replace("x", "xx", 1)
    endless = "y" * (3 * ROW_BYTES_MAX)

    assert len(longest) == ROW_BYTES_MAX
    codes = codes_of(tmp_path, "u.ndjson", f'{longest}{too_long}{endless}\n{{"code":"b"}}')
    assert codes == {2: {"row": ["row_is_too_long"]}, 3: {"row": ["row_is_too_long"]}}


def test_cells_are_events(tmp_path: Path) -> None:
    """CSV numbers stay text; quotes, line ends inside them and empty cells are understood."""
    content = (
        "\ufefftransaction_id,code,timestamp,properties,properties.tokens,properties.note\r\n"
        'a,tokens,1793880000.1,"{""region"": 1.50}",007.10,"two\r\nlines, ""quoted"""\r\n'
        "b,tokens,,,,\r\n"
    )

    assert raws_of(tmp_path, "u.csv", content) == [
        {
            "transaction_id": "a",
            "code": "tokens",
            "timestamp": "1793880000.1",
            "properties": {
                "region": Decimal("1.50"),
                "tokens": "007.10",
                "note": 'two\r\nlines, "quoted"',
            },
        },
        {"transaction_id": "b", "code": "tokens"},
    ]


@pytest.mark.parametrize(
    ("bad", "codes"),
    [
        ('2,tokens,s,"1,2', {"row": ["row_is_not_csv"]}),
        ('2,tokens,s,"1"x,2', {"row": ["row_is_not_csv"]}),
        ("2,tokens", {"row": ["row_has_other_columns"]}),
        ("2,tokens,s,1,2,3", {"row": ["row_has_other_columns"]}),
        ("2,tokens,s,1,\udcff", {"row": ["row_is_not_csv"]}),
        ("2,tokens,s,1," + "x" * ROW_BYTES_MAX, {"row": ["row_is_not_csv"]}),
        ("2,tokens,s,1,\0", {"properties.tokens": ["value_is_invalid"]}),
    ],
)
@pytest.mark.parametrize("end", ["", "\n3,tokens,s,1,2\n4,tokens,s,1,2\n", '\n3,tokens,s,"1",2\n'])
def test_a_bad_record_hides_no_other(
    tmp_path: Path, bad: str, codes: dict[str, list[str]], end: str
) -> None:
    """A quote that is never closed, or any other bad row, costs its own row and no other."""
    content = f"{HEADER}\n1,tokens,s,1,2\n{bad}{end}".encode(errors="surrogateescape")

    assert codes_of(tmp_path, "u.csv", content) == {2: codes}
    good = [row.raw["transaction_id"] for row in rows_of(tmp_path / "u.csv") if row.raw]
    assert good == ["1", *(line[0] for line in end.split())]


def test_an_unclosed_quote_far_before_the_end_hides_nothing(tmp_path: Path) -> None:
    """Ten thousand rows behind an open quote are all read."""
    good = "".join(f"{number},tokens,s,1,2\n" for number in range(10_000))

    assert codes_of(tmp_path, "u.csv", f'{HEADER}\nx,tokens,"s,1,2\n{good}') == {
        1: {"row": ["row_is_not_csv"]}
    }


@pytest.mark.parametrize(
    ("cell", "column", "code"),
    [
        ("{", "region", "value_is_invalid"),
        ("[]", "region", "value_is_invalid"),
        ('{""tokens"":1}', "tokens", "property_is_given_twice"),
    ],
)
def test_bad_properties_are_refused(tmp_path: Path, cell: str, column: str, code: str) -> None:
    """Properties must be a JSON object, and each property is given once."""
    content = f'code,properties,properties.{column}\ntokens,"{cell}",1\n'

    assert codes_of(tmp_path, "u.csv", content) == {1: {"properties": [code]}}


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("code,tokens", "column_is_unknown"),
        ("code,properties.", "column_is_unknown"),
        ("code,code", "column_is_given_twice"),
        ("timestamp", "column_is_missing"),
        ('code,"x', "header_is_not_readable"),
        ("", "header_is_not_readable"),
        (",".join(["code", *map("properties.{}".format, range(COLUMNS_MAX))]), "too_many_columns"),
    ],
)
def test_a_header_that_would_lose_something_is_refused(
    tmp_path: Path, header: str, problem: str
) -> None:
    """A misspelt, doubled or missing column refuses the file before its first row."""
    path = tmp_path / "u.csv"
    path.write_text(f"{header}\n1,2\n" if header else "")

    assert problem_of(path) == problem


@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.text(), st.text("0123456789.", max_size=40)), min_size=1
    )
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    """Any text that is not blank comes back as it was, whatever quotes and line ends it holds."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(["code", "transaction_id", "properties.tokens"])
    sent = [[cell.replace("\0", "") for cell in row] for row in rows]
    sent = [[code or "x", *rest] for code, *rest in sent]
    writer.writerows(sent)

    read = csv_rows(io.BytesIO(written.getvalue().encode(errors="surrogatepass")))
    raws = [row.raw for row in read if row.raw]
    assert [
        [raw["code"], raw.get("transaction_id", ""), raw.get("properties", {}).get("tokens", "")]  # type: ignore[union-attr]
        for raw in raws
    ] == sent


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    """A cut Parquet or gzip file is named damaged; the rows before the damage are given."""
    whole = parquet(tmp_path, properties__t=["y"]).read_bytes()
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole[:-9])
    assert problem_of(cut) == "file_is_damaged"

    cut.write_bytes(gzip.compress(whole))
    assert problem_of(cut) == "file_is_gzipped"

    lines = tmp_path / "u.ndjson.gz"
    packed = gzip.compress(b"".join(b'{"code":"%d"}\n' % number for number in range(50_000)))
    lines.write_bytes(packed[: len(packed) // 2])
    assert problem_of(lines) == "file_is_damaged"
    batches = row_batches(usage_file(lines))
    assert len(next(batches).rows) == BATCH_ROWS


@pytest.mark.parametrize("name", ["u.ndjson", "u.csv"])
def test_a_gzipped_file_is_the_same_file(tmp_path: Path, name: str) -> None:
    """Packing changes no row, and the name needs not say it."""
    content = '{"code":"a"}\n{"code":"b"}\n' if name == "u.ndjson" else "code\na\nb\n"
    packed = gzip.compress(content.encode())

    assert raws_of(tmp_path, name, content) == raws_of(tmp_path, name, packed)
    assert raws_of(tmp_path, f"{name}.gz", packed) == [{"code": "a"}, {"code": "b"}]


def test_a_file_inflates_up_to_its_limit(tmp_path: Path) -> None:
    """A packed file may hold as many bytes as the limit, and not one more."""
    path = tmp_path / "u.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"code":"a"}\n' * 100))

    assert len(rows_of(path, inflated_bytes_max=1_300)) == 100
    assert problem_of(path, inflated_bytes_max=1_299) == "file_inflates_too_much"


@pytest.mark.parametrize("name", ["u.ndjson", "u.csv", "u.parquet"])
def test_reading_goes_on_at_any_row(tmp_path: Path, name: str) -> None:
    """The rows beyond row n are the same whether the file was read to there before or not."""
    path = tmp_path / name
    numbers = [str(number) for number in range(BATCH_ROWS + 7)]
    if name == "u.csv":
        path.write_text("code\n" + "\n".join(numbers))
    elif name == "u.ndjson":
        path.write_text("\n".join(json.dumps({"code": number}) for number in numbers))
    else:
        pl.DataFrame({"code": numbers}).write_parquet(path, row_group_size=500)
    whole = rows_of(path)

    assert [row.number for row in whole] == list(range(1, BATCH_ROWS + 8))
    for after in (0, 1, 499, 500, BATCH_ROWS, BATCH_ROWS + 6, BATCH_ROWS + 7):
        assert rows_of(path, after) == whole[after:]


def test_batches_are_bounded_in_rows_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch ends at its number of rows or of bytes, and tells how far the file is read."""
    path = tmp_path / "u.ndjson"
    path.write_text('{"code":"a"}\n' * (BATCH_ROWS + 1))
    batches = list(row_batches(usage_file(path)))
    assert [len(batch.rows) for batch in batches] == [BATCH_ROWS, 1]
    assert (batches[-1].rows_done, batches[-1].bytes_done) == (BATCH_ROWS + 1, path.stat().st_size)

    monkeypatch.setattr(usage_files, "BATCH_BYTES", 26)
    assert len(next(iter(row_batches(usage_file(path)))).rows) == 2


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    """Twenty megabytes of JSON, packed, are read in a few."""
    path = tmp_path / "u.ndjson.gz"
    line = json.dumps({"code": "a", "properties": {"note": "x" * 1_000}}).encode() + b"\n"
    with gzip.open(path, "wb", 1) as file:
        for _ in range(20):
            file.write(line * 1_000)
    tracemalloc.start()
    count = sum(len(batch.rows) for batch in row_batches(usage_file(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 20_000
    assert peak < 12 * 1024**2


@pytest.mark.parametrize(
    ("given_format", "file_name", "media_type", "expected"),
    [
        ("CSV", "u.ndjson", "", FileFormat.CSV),
        ("", "U.JSONL.GZ", "", FileFormat.NDJSON),
        ("", "u.parquet", "application/octet-stream", FileFormat.PARQUET),
        ("", "", "text/csv; charset=utf-8", FileFormat.CSV),
    ],
)
def test_the_format_is_given_or_told_by_name_or_type(
    given_format: str, file_name: str, media_type: str, expected: FileFormat
) -> None:
    """What is given counts before media type and name."""
    found = file_format(given_format, file_name=file_name, media_type=media_type)

    assert found is expected


@pytest.mark.parametrize(("given_format", "file_name"), [("xml", "u.csv"), ("", "u.gz"), ("", "")])
def test_an_unknown_format_is_refused(given_format: str, file_name: str) -> None:
    """No format is guessed from the content."""
    with pytest.raises(ValidationFailed):
        file_format(given_format, file_name=file_name)
