"""The files of costs that can be read, by the name of their format."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from dashboards.costs.charges import Charges
from dashboards.costs.focus import focus_charges
from dashboards.costs.sources.anthropic import anthropic_charges
from dashboards.costs.sources.daily_costs import fusion_api_charges
from dashboards.costs.sources.google import google_charges
from dashboards.costs.sources.openai import openai_charges
from dashboards.costs.sources.twilio import twilio_charges


class CostFormat(StrEnum):
    """Whose file it is."""

    FOCUS = "focus"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    TWILIO = "twilio"
    FUSION_API = "fusion_api"


READERS: Mapping[CostFormat, Callable[[bytes], Charges]] = {
    CostFormat.FOCUS: focus_charges,
    CostFormat.OPENAI: openai_charges,
    CostFormat.ANTHROPIC: anthropic_charges,
    CostFormat.GOOGLE: google_charges,
    CostFormat.TWILIO: twilio_charges,
    CostFormat.FUSION_API: fusion_api_charges,
}


def source_of(file_format: CostFormat) -> str | None:
    """Return the source whose rows a file's rows may replace; a FOCUS file is one of its own."""
    return None if file_format is CostFormat.FOCUS else file_format.value
