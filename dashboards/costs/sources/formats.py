"""The files of costs that can be read, by the name of their format."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import BinaryIO

from dashboards.costs.charges import Charges
from dashboards.costs.focus import focus_pieces
from dashboards.costs.sources.anthropic import anthropic_charges
from dashboards.costs.sources.daily_costs import fusion_api_charges
from dashboards.costs.sources.google import google_charges
from dashboards.costs.sources.json_charges import FILE_BYTES_MAX
from dashboards.costs.sources.openai import openai_charges
from dashboards.costs.sources.twilio import twilio_charges

Reader = Callable[[BinaryIO], Iterator[Charges]]
"""Gives a file's charges, some at a time, in its order."""


class CostFormat(StrEnum):
    """Whose file it is."""

    FOCUS = "focus"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    TWILIO = "twilio"
    FUSION_API = "fusion_api"


def in_one(normalise: Callable[[bytes], Charges]) -> Reader:
    """Return the reader of a format that is understood as a whole only."""

    def pieces(file: BinaryIO) -> Iterator[Charges]:
        yield normalise(file.read(FILE_BYTES_MAX + 1))

    return pieces


READERS: Mapping[CostFormat, Reader] = {
    CostFormat.FOCUS: focus_pieces,
    CostFormat.OPENAI: in_one(openai_charges),
    CostFormat.ANTHROPIC: in_one(anthropic_charges),
    CostFormat.GOOGLE: in_one(google_charges),
    CostFormat.TWILIO: in_one(twilio_charges),
    CostFormat.FUSION_API: in_one(fusion_api_charges),
}


def source_of(file_format: CostFormat) -> str | None:
    """Return the source whose rows a file's rows may replace; a FOCUS file is one of its own."""
    return None if file_format is CostFormat.FOCUS else file_format.value
