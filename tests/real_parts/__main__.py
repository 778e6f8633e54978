"""Prepare every real part that tests use: `python -m tests.real_parts [--check]`.

Prints one line a part. With `--check` nothing is installed or built. Exit status 1 tells that a
part is missing.
"""

import argparse

from tests.real_parts.availability import PARTS, Part
from tests.real_parts.faults import PartMissingError


def main() -> int:
    """Prepare or check every part and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_parts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only report")
    check = parser.parse_args().check
    ready = [_report(part, check=check) for part in PARTS]
    return 0 if all(ready) else 1


def _report(part: Part[object], *, check: bool) -> bool:
    try:
        part.find() if check else part.ensure(may_use_sudo=True)
    except PartMissingError as missing:
        print(f"{part.name}: missing: {missing.reason}; to install it: {missing.command}")
        return False
    print(f"{part.name}: ready")
    return True


if __name__ == "__main__":
    raise SystemExit(main())
