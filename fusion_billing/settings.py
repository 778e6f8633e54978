"""Settings: one table, read once, from FUSION_* variables. Rooms get values, never settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting: type, default, and a sentence with its unit."""

    model_config = SettingsConfigDict(
        env_prefix="FUSION_", env_file=None, extra="forbid", frozen=True
    )

    data_dir: Path = Field(
        default=Path("fusion-data"), description="Folder of everything we keep: state, inbox, lake."
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="SQLAlchemy URL of the state database, such as postgresql+psycopg://; "
        "empty: SQLite in the data folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address the service listens on.")
    port: int = Field(default=8600, ge=0, le=65535, description="Port the service listens on.")
    pages_password: SecretStr = Field(
        default=SecretStr(""),
        description="Password of the pages; empty: they are open to this machine only.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious log line that is written."
    )
    log_format: Literal["text", "json"] = Field(
        default="json", description="Log lines as JSON, or as text for people."
    )
    body_bytes_max: int = Field(
        default=1_048_576, gt=0, description="Bytes of a request body that are read at most."
    )
    events_body_bytes_max: int = Field(
        default=10_485_760, gt=0, description="Bytes of a body of usage events, at most."
    )
    events_batch_max: int = Field(
        default=100, gt=0, le=10_000, description="Usage events in one batch, at most (Lago: 100)."
    )
    page_size_max: int = Field(
        default=1_000, gt=0, description="Rows of one page of a list that are given at most."
    )
    flush_seconds: float = Field(
        default=1.0, gt=0, description="Seconds between two flushes of the inbox into the lake."
    )
    compact_seconds: int = Field(
        default=30, gt=0, description="Seconds between two looks whether the lake needs merging."
    )
    compact_files_min: int = Field(
        default=64, gt=1, description="Files of a lake table from which on it is merged."
    )
    publish_seconds: int = Field(
        default=30, gt=0, description="Seconds between two copies of the lake's catalogue."
    )
    bill_seconds: int = Field(
        default=600, gt=0, description="Seconds between two looks for periods to close."
    )
    bill_grace_seconds: int = Field(
        default=3_600,
        ge=0,
        description="Seconds a period stays open for late usage after its end before it is billed.",
    )
    odoo_url: str = Field(
        default="", description="Base URL of the Odoo server; empty: drafts stay here."
    )
    odoo_database: str = Field(default="", description="Name of Odoo's database.")
    odoo_login: str = Field(default="", description="Login of the integration user in Odoo.")
    odoo_password: SecretStr = Field(
        default=SecretStr(""), description="Password or API key of that user; never logged."
    )
    odoo_seconds_max: int = Field(
        default=60, gt=0, description="Seconds one call to Odoo may take."
    )
    odoo_drafts_max: int = Field(
        default=1_000, gt=0, description="Drafts that one run sends to Odoo, at most."
    )
    odoo_net_days: int = Field(
        default=30, ge=0, description="Days from an invoice's date to its due date."
    )
