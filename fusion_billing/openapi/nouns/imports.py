"""Files of usage, taken in behind the answer."""

from fusion_billing.openapi.operation import JSON, Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    COUNT,
    ID,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    listed,
    maybe,
    of,
    page,
    told,
    under,
    word,
)  # fmt: skip

NDJSON, CSV, PARQUET = "application/x-ndjson", "text/csv", "application/vnd.apache.parquet"
FORMATS = word("ndjson", "csv", "parquet")
ROW = (
    '{"transaction_id": "0192f1c0-9", "external_subscription_id": "acme-team", "code": "tokens", '
    '"timestamp": 1768046400, "properties": {"tokens": 77}}\n'
)
SHAPES = {
    "UsageImport": answered({
        "id": ID, "status": word("running", "interrupted", "finished", "refused"),
        "file_name": TEXT, "format": FORMATS, "sha256": TEXT, "rows_done": COUNT,
        "kept_count": COUNT, "known_count": COUNT, "refused_count": COUNT,
        "errors": listed(answered({"row": COUNT, "error_details": OBJECT})),
        "problem": maybe(TEXT), "started_at": TIME, "finished_at": maybe(TIME),
    }),
}  # fmt: skip
ONE = under("usage_import", of("UsageImport"))
OPERATIONS = (
    Operation(
        name="POST /usage/import", turn=27, status=202, answer=ONE,
        body=told(TEXT, "The file itself: lines of JSON, CSV with a header, or Parquet."),
        body_types=(NDJSON, CSV, PARQUET, JSON), refusals=(503,),
        query={"file_name": TEXT, "format": FORMATS},
        example=Example(ROW, query={"file_name": "january.ndjson"}),
    ),
    Operation(
        name="GET /usage/imports", query=PAGES, answer=page("usage_imports", of("UsageImport"))
    ),
    Operation(
        name="GET /usage/imports/{import_id}", refusals=(404,), answer=ONE,
        example=Example(
            path={"import_id": Taken("POST /usage/import", ("usage_import", "id"))}
        ),
    ),
)  # fmt: skip
