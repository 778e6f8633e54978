"""The syntax of metric expressions (Lago's grammar): text in, a small tree out. Pure, no eval.

Decides what is an expression and how large one may be; knows no event and no arithmetic.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

EXPRESSION_CHARACTERS_MAX = 4096
EXPRESSION_DEPTH_MAX = 32
INVALID_EXPRESSION = "invalid_expression"
# Only spaces stand between tokens, and each name is written in one of three ways (Lago).
TOKEN = re.compile(
    r" *(?:(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|'(?P<text>[^']*)'"
    r"|event\.properties\.(?P<property>[A-Za-z][A-Za-z0-9_]*)"
    r"|event\.(?P<attribute>code|timestamp)"
    r"|(?P<function>ceil|CEIL|Ceil|concat|CONCAT|Concat|round|ROUND|Round|floor|FLOOR|Floor"
    r"|least|LEAST|Least|greatest|GREATEST|Greatest)"
    r"|(?P<sign>[-+*/(),]))"
)


class ExpressionError(Exception):
    """An expression, or its value for one event, can't be had; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Function(StrEnum):
    """The functions of the grammar."""

    CEIL = "ceil"
    CONCAT = "concat"
    ROUND = "round"
    FLOOR = "floor"
    LEAST = "least"
    GREATEST = "greatest"


ROUNDING = frozenset({Function.CEIL, Function.ROUND, Function.FLOOR})
ROUNDING_ARGUMENTS_MAX = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """What stands between two single quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """The event's code (text) or timestamp (seconds)."""

    name: Literal["code", "timestamp"]


@dataclass(frozen=True, slots=True)
class Property:
    """One of the event's properties."""

    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with its sign turned."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Chain:
    """Operations of one rank, done from left to right; flat, so that a long sum is not deep."""

    first: "Expression"
    rest: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one or more arguments."""

    function: Function
    arguments: tuple["Expression", ...]


Expression: TypeAlias = Number | Text | Attribute | Property | Negative | Chain | Call


def parsed(expression: str) -> Expression:
    """Return the tree of an expression; ExpressionError `invalid_expression` when it is none.

    More than 4096 characters, or parentheses more than 32 deep, are none either (ours).
    """
    if len(expression) > EXPRESSION_CHARACTERS_MAX:
        raise ExpressionError(INVALID_EXPRESSION)
    reader = _Reader(_tokens(expression))
    tree = reader.chain()
    reader.expect("end", "")
    return tree


def _tokens(expression: str) -> list[tuple[str, str]]:
    text = expression.rstrip(" ")
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise ExpressionError(INVALID_EXPRESSION)
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        place = found.end()
    return [*tokens, ("end", "")]


class _Reader:
    """Reads tokens from left to right, one rank of operators inside the other."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def chain(self, operators: str = "+-") -> Expression:
        """Read operands joined by operators of one rank."""
        first = self._operand(operators)
        rest: list[tuple[str, Expression]] = []
        while (operator := self._sign_of(operators)) is not None:
            rest.append((operator, self._operand(operators)))
        return Chain(first, tuple(rest)) if rest else first

    def expect(self, kind: str, written: str) -> None:
        """Read one certain token."""
        if self._taken() != (kind, written):
            raise ExpressionError(INVALID_EXPRESSION)

    def _operand(self, operators: str) -> Expression:
        if operators == "+-":
            return self.chain("*/")
        if self._sign_of("-") is not None:
            return Negative(self._primary())
        return self._primary()

    def _primary(self) -> Expression:
        match self._taken():
            case ("number", digits):
                return Number(Decimal(digits))
            case ("text", text):
                return Text(text)
            case ("property", name):
                return Property(name)
            case ("attribute", name):
                return Attribute("code" if name == "code" else "timestamp")
            case ("function", name):
                self.expect("sign", "(")
                return self._call(Function(name.lower()))
            case ("sign", "("):
                (inner,) = self._inside(most=1)
                return inner
            case _:
                raise ExpressionError(INVALID_EXPRESSION)

    def _call(self, function: Function) -> Call:
        most = ROUNDING_ARGUMENTS_MAX if function in ROUNDING else EXPRESSION_CHARACTERS_MAX
        return Call(function, self._inside(most))

    def _inside(self, most: int) -> tuple[Expression, ...]:
        """Read what stands in parentheses, at most so many expressions."""
        self._depth += 1
        if self._depth > EXPRESSION_DEPTH_MAX:
            raise ExpressionError(INVALID_EXPRESSION)
        members = [self.chain()]
        while len(members) < most and self._sign_of(",") is not None:
            members.append(self.chain())
        self.expect("sign", ")")
        self._depth -= 1
        return tuple(members)

    def _sign_of(self, signs: str) -> str | None:
        """Take the next token if it is one of these signs."""
        kind, written = self._tokens[self._place]
        if kind != "sign" or written not in signs:
            return None
        self._place += 1
        return written

    def _taken(self) -> tuple[str, str]:
        token = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token
