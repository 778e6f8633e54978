"""One operation of Lago's interface, and rows of them that are answered alike."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

PARAMETER = re.compile(r"\{[^}]*\}")


class Kind(Enum):
    """Who answers an operation; the value is the word of the documentation."""

    NATIVE = "native"
    VIA_ODOO = "via Odoo"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True, slots=True)
class LagoOperation:
    """One operation: `answer` says what ours is, or why there is none.

    `refusal` is the code of the 405 it always gets, `without_odoo` of the 405 while no Odoo is
    configured; `odoo_way` says how what is not offered is done.
    """

    name: str
    tag: str
    kind: Kind
    answer: str
    refusal: str = ""
    without_odoo: str = ""
    odoo_way: str = ""

    @property
    def method(self) -> str:
        """Return the method, in capital letters."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path below a mount."""
        return self.name.partition(" ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Operations of one tag that are answered alike; `calls` look like `POST,GET /plans`."""

    tag: str
    kind: Kind
    calls: tuple[str, ...]
    answer: str
    refusal: str = ""
    without_odoo: str = ""
    odoo_way: str = ""

    def operations(self) -> Iterator[LagoOperation]:
        """Yield each operation of the row."""
        for call in self.calls:
            methods, _, path = call.partition(" ")
            for method in methods.split(","):
                yield LagoOperation(
                    f"{method} {path}",
                    self.tag,
                    self.kind,
                    self.answer,
                    self.refusal,
                    self.without_odoo,
                    self.odoo_way,
                )


def path_pattern(name: str) -> str:
    """Return a name with its parameters' own names taken out, so that two may be compared."""
    return PARAMETER.sub("{}", name)
