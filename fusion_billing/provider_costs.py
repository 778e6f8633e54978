"""Provider cost over the providers' own interfaces, as the settings name their keys."""

from base64 import b64encode
from collections.abc import Callable, Mapping

import structlog

from dashboards.costs.provider_http import ProviderHttp
from dashboards.costs.reading import Reading, read_source
from dashboards.costs.sources.anthropic import ANTHROPIC
from dashboards.costs.sources.buckets import BucketedCosts
from dashboards.costs.sources.openai import OPENAI
from dashboards.costs.sources.source import CostSource
from dashboards.costs.sources.twilio import SID, TwilioCosts
from fusion_billing.clock import SystemClock
from fusion_billing.costs import FAULTS_TOLD_MAX, told_faults
from fusion_billing.house import House
from fusion_billing.settings import Settings

ANTHROPIC_VERSION = "2023-06-01"
_log = structlog.get_logger(__name__)


def provider_sources(settings: Settings) -> dict[str, CostSource]:
    """Return the sources whose key is set, by name; ValueError where a setting beside it lacks."""
    found = {name: source(settings) for name, source in SOURCES.items()}
    return {name: source for name, source in found.items() if source is not None}


def read_providers(house: House) -> list[Reading]:
    """Read every provider that has a key; one that fails keeps no other one out.

    ValueError names the providers that gave no answer or faulty costs.
    """
    problems, done = [], []
    for name, source in provider_sources(house.settings).items():
        try:
            reading = read_source(house.lake, house.state, source, at=house.clock())
        except ValueError as error:
            problems.append(f"{name}: {error}")
            continue
        done.append(reading)
        _log.info("costs_read", source=name, rows=reading.rows, new=reading.new_count)
        if reading.faults:
            told = told_faults(reading.faults[:FAULTS_TOLD_MAX])
            problems.append(f"{name}: {len(reading.faults)} faulty costs, none taken: {told}")
    if problems:
        raise ValueError("; ".join(problems))
    return done


def _openai(settings: Settings) -> CostSource | None:
    key = settings.costs_openai_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"}
    http = ProviderHttp(
        settings.costs_openai_url, "FUSION_COSTS_OPENAI_KEY", headers, SystemClock()
    )
    return BucketedCosts(http, OPENAI) if key else None


def _anthropic(settings: Settings) -> CostSource | None:
    key = settings.costs_anthropic_key.get_secret_value()
    headers: Mapping[str, str] = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    http = ProviderHttp(
        settings.costs_anthropic_url, "FUSION_COSTS_ANTHROPIC_KEY", headers, SystemClock()
    )
    return BucketedCosts(http, ANTHROPIC) if key else None


def _twilio(settings: Settings) -> CostSource | None:
    key, account = settings.costs_twilio_key.get_secret_value(), settings.costs_twilio_account
    if not key:
        return None
    if not SID.fullmatch(account):
        raise ValueError("set FUSION_COSTS_TWILIO_ACCOUNT to the account's SID, which begins AC")
    pair = key if ":" in key else f"{account}:{key}"
    headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    http = ProviderHttp(
        settings.costs_twilio_url, "FUSION_COSTS_TWILIO_KEY", headers, SystemClock()
    )
    return TwilioCosts(http, account)


SOURCES: Mapping[str, Callable[[Settings], CostSource | None]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "twilio": _twilio,
}
