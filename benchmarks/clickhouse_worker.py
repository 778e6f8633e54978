"""Answers SQL by chDB, ClickHouse in a process; run by a Python of its own, which has chDB.

Reads a line of JSON with `sql` and `format`, and writes a line of JSON with `size`, and with the
`text` of the answer where the format is a text.
"""

import json
import sys

from chdb import session  # type: ignore[import-not-found] # not in our environment

TEXT = "JSONCompact"


def main() -> None:
    """Answer every line until there are no more."""
    database = session.Session(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        answer = database.query(asked["sql"], asked["format"]).bytes()
        told = {"size": len(answer)}
        if asked["format"] == TEXT:
            told["text"] = answer.decode()
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
