"""Settings: one table, read once, from FUSION_* variables. Rooms get values, never settings."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.memory_amount import LAKE_MEMORY, MEMORY_AMOUNT

ROLES_DEFAULT = "api,flush,jobs"
POSTGRESQL = re.compile(r"postgres(ql)?(\+psycopg)?:")
PORT_MAX = 65_535
PEPPER = re.compile(r"([0-9a-fA-F]{2}){32,}")


class Settings(BaseSettings):
    """Every setting: type, default, and a sentence with its unit."""

    model_config = SettingsConfigDict(
        env_prefix="FUSION_",
        env_file=None,
        extra="forbid",
        frozen=True,
        # What was given may hold a password, and the error goes to a terminal or a log.
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default=Path("fusion-data"), description="Folder of everything we keep: state, inbox, lake."
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="SQLAlchemy URL of the state database, such as postgresql+psycopg://; "
        "empty: SQLite in the data folder.",
    )
    inbox_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL that holds the inbox when several processes take in usage; empty: "
        "a file in the data folder, one process.",
    )
    pepper: SecretStr = Field(
        default=SecretStr(""),
        description="Secret that API keys are digested with, 64 or more hexadecimal digits, the "
        "same for all processes; empty: a file in the data folder, one machine.",
    )
    shards: int = Field(
        default=1,
        gt=0,
        le=256,
        description="Shards of a shared inbox; each is flushed by one worker at a time.",
    )
    lease_seconds: int = Field(
        default=15, gt=0, description="Seconds after which a dead process's work goes to another."
    )
    job_lease_seconds: int = Field(
        default=900,
        gt=0,
        description="Seconds a merge, bill run or sending may take before another process may.",
    )
    roles: str = Field(
        default=ROLES_DEFAULT,
        pattern=r"^(api|flush|jobs)(,(api|flush|jobs))*$",
        description="What this process does: api answers, flush moves usage into the lake, jobs "
        "merges, bills and sends.",
    )
    lake_catalog: SecretStr = Field(
        default=SecretStr(""),
        description="The lake's catalogue: a postgresql:// URL; empty: a file in the data folder.",
    )
    lake_data: str = Field(
        default="", description="Where Parquet files lie: s3://bucket/prefix; empty: data folder."
    )
    lake_memory: str = Field(
        default=LAKE_MEMORY,
        pattern=f"^{MEMORY_AMOUNT.pattern}$",
        description="Memory that DuckDB may take for writing, merging and asking the lake; what "
        "needs more is sorted on disk.",
    )
    s3_endpoint: str = Field(default="", description="Base URL of the S3 server; empty: AWS.")
    s3_region: str = Field(default="us-east-1", description="Region of the bucket.")
    s3_key_id: str = Field(default="", description="Access key id for the bucket.")
    s3_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret access key for the bucket; never logged."
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
    import_body_bytes_max: int = Field(
        default=1_073_741_824, gt=0, description="Bytes of an uploaded usage file, at most."
    )
    receipt_events_max: int = Field(
        default=1_000, gt=0, le=10_000, description="Usage events in one push to /usage/events."
    )
    request_seconds_max: int = Field(
        default=30, gt=0, description="Seconds that the body of a push may take to come."
    )
    inflated_bytes_max: int = Field(
        default=20_971_520, gt=0, description="Bytes a gzip body of usage may hold, at most."
    )
    idempotency_key_chars_max: int = Field(
        default=255, gt=0, description="Characters of an Idempotency-Key, at most."
    )
    idempotency_kept_hours: int = Field(
        default=168, gt=0, description="Hours an answer is repeated under its Idempotency-Key."
    )
    idempotency_lease_seconds: int = Field(
        default=30,
        gt=0,
        description="Seconds after which a dead process's Idempotency-Keys may be used again.",
    )
    key_seconds: int = Field(
        default=5, ge=0, description="Seconds a revoked key may still push usage."
    )
    key_index_months: int = Field(
        default=3,
        gt=0,
        description="Months of usage whose ids are held in memory, this one included; for older "
        "usage the lake is asked.",
    )
    page_size_max: int = Field(
        default=1_000, gt=0, description="Rows of one page of a list that are given at most."
    )
    flush_seconds: float = Field(
        default=1.0, gt=0, description="Seconds between two flushes of the inbox into the lake."
    )
    flush_events_min: int = Field(
        default=50, gt=0, description="Events that are flushed at the next look."
    )
    flush_ticks_max: int = Field(
        default=5, gt=0, description="Looks after which even fewer events are flushed."
    )
    alert_seconds: int = Field(
        default=1, gt=0, description="Seconds between two looks at usage that alerts watch."
    )
    webhook_ports: str = Field(
        default="443",
        pattern=r"^[0-9]{1,5}(,[0-9]{1,5})*$",
        description="Ports that webhooks may be sent to.",
    )
    webhook_networks: str = Field(
        default="",
        description="Networks that webhooks may be sent to although they are not public: "
        "10.20.0.0/16,fd12::/48.",
    )
    webhook_http: bool = Field(
        default=False, description="Webhooks may be sent by plain http, to port 80 too."
    )
    inbox_age_seconds_max: int = Field(
        default=60,
        gt=0,
        description="Seconds an event may wait for the lake before health says degraded.",
    )
    flush_wait_seconds_max: int = Field(
        default=10,
        gt=0,
        description="Seconds a question waits for another process's flush before it is refused.",
    )
    compact_seconds: int = Field(
        default=30, gt=0, description="Seconds between two looks whether the lake needs merging."
    )
    compact_files_min: int = Field(
        default=64, gt=1, description="Files of a lake table from which on it is merged."
    )
    usage_kept_months: int = Field(
        default=0,
        ge=0,
        description="Months after which billed usage is dropped, its proof kept; 0: never.",
    )
    snapshots_kept_days: int = Field(
        default=7, gt=0, description="Days of time travel in the lake that analysts have."
    )
    files_kept_days: int = Field(
        default=1, gt=0, description="Days after which a replaced file of the lake is deleted."
    )
    roll_up_seconds: int = Field(
        default=300, gt=0, description="Seconds between two roll-ups of the analysts' daily usage."
    )
    retain_seconds: int = Field(
        default=86_400, gt=0, description="Seconds between two looks for usage to drop."
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
    odoo_transport: Literal["jsonrpc", "json2"] = Field(
        default="jsonrpc",
        description="Door of Odoo that is used: jsonrpc takes a password or an API key, json2 an "
        "API key only.",
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
    lago_url: str = Field(
        default="", description="Address of the API of a Lago that `import lago` reads."
    )
    lago_key: SecretStr = Field(
        default=SecretStr(""), description="API key of its organization; never logged."
    )
    costs_folder: str = Field(
        default="", description="Folder that cost files are dropped into; empty: costs/ of data."
    )
    costs_seconds: int = Field(
        default=60, gt=0, description="Seconds between two looks into that folder."
    )
    costs_rows_max: int = Field(
        default=1_000_000, gt=0, description="Rows a cost file may have; one with more is refused."
    )
    costs_odoo_model: str = Field(
        default="fusion.api.usage.daily", description="Model of fusion_api's daily costs in Odoo."
    )
    costs_odoo_fields: str = Field(
        default="",
        description="Its fields where they are called otherwise: cost=amount,account=customer.",
    )
    costs_odoo_seconds: int = Field(
        default=0,
        ge=0,
        description="Seconds between two readings of costs and rates of Odoo; 0: by command only.",
    )
    costs_openai_key: SecretStr = Field(
        default=SecretStr(""),
        description="Admin key of OpenAI that may read costs and usage; never logged; empty: files "
        "only.",
    )
    costs_openai_url: str = Field(
        default="https://api.openai.com", description="Address of OpenAI's API."
    )
    costs_anthropic_key: SecretStr = Field(
        default=SecretStr(""),
        description="Admin key of Anthropic that may read the cost report; never logged; empty: "
        "files only.",
    )
    costs_anthropic_url: str = Field(
        default="https://api.anthropic.com", description="Address of Anthropic's API."
    )
    costs_twilio_account: str = Field(
        default="", description="Account SID whose usage, and whose subaccounts', is read."
    )
    costs_twilio_key: SecretStr = Field(
        default=SecretStr(""),
        description="Auth token of that account, or KEY_SID:SECRET of an API key; never logged.",
    )
    costs_twilio_url: str = Field(
        default="https://api.twilio.com", description="Address of Twilio's API."
    )
    costs_providers_seconds: int = Field(
        default=21_600,
        ge=0,
        description="Seconds between two readings of providers whose key is set; 0: by command "
        "only.",
    )
    odoo_feed_seconds: int = Field(
        default=60,
        ge=0,
        description="Seconds between two looks at what became of our invoices in Odoo; 0: by "
        "command only.",
    )
    odoo_orders: bool = Field(
        default=True,
        description="Whether each running subscription of a live service gets an order in Odoo.",
    )
    catalogue_owner: Literal["api", "odoo", "file"] = Field(
        default="api",
        description="Who owns plans and metrics: the API, products in Odoo, or a file; the API "
        "refuses to write what another owns.",
    )
    catalogue_seconds: int = Field(
        default=300, gt=0, description="Seconds between two looks for changed products in Odoo."
    )

    @property
    def is_scaled(self) -> bool:
        """Say whether several processes share inbox, state and lake."""
        return bool(self.inbox_url.get_secret_value())

    @property
    def role_names(self) -> frozenset[str]:
        """Return what this process does."""
        return frozenset(self.roles.split(","))

    @field_validator("pepper")
    @classmethod
    def _check_pepper(cls, pepper: SecretStr) -> SecretStr:
        text = pepper.get_secret_value()
        if text and not PEPPER.fullmatch(text):
            raise ValueError(
                "not 64 or more hexadecimal digits, an even number of them: make one with "
                "`openssl rand -hex 32`"
            )
        return pepper

    @model_validator(mode="after")
    def _check_catalogue_owner(self) -> "Settings":
        if self.catalogue_owner == "odoo" and not self.odoo_url:
            raise ValueError("with FUSION_CATALOGUE_OWNER=odoo, FUSION_ODOO_URL must be set")
        return self

    @field_validator("webhook_networks")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        for network in filter(None, text.split(",")):
            ip_network(network)
        return text

    @field_validator("webhook_ports")
    @classmethod
    def _check_ports(cls, text: str) -> str:
        if not all(0 < int(port) <= PORT_MAX for port in text.split(",")):
            raise ValueError("a port is a number from 1 to 65535")
        return text

    @model_validator(mode="after")
    def _check_sharing(self) -> "Settings":
        """Refuse a shared inbox beside anything that processes must share, and do not."""
        if not self.is_scaled:
            if self.shards != 1 or self.roles != ROLES_DEFAULT:
                raise ValueError(
                    "several shards, or a process with some of the roles only, need a shared "
                    "inbox: set FUSION_INBOX_URL"
                )
            return self
        for name in ("inbox_url", "database_url", "lake_catalog"):
            if not POSTGRESQL.match(getattr(self, name).get_secret_value()):
                raise ValueError(
                    f"with FUSION_INBOX_URL set, processes share inbox, state and lake: "
                    f"FUSION_{name.upper()} must be a postgresql:// URL"
                )
        if not self.lake_data:
            raise ValueError(
                "with FUSION_INBOX_URL set, processes share the lake's files: FUSION_LAKE_DATA "
                "must be s3://bucket/prefix"
            )
        if not self.pepper.get_secret_value():
            raise ValueError(
                "with FUSION_INBOX_URL set, all processes must know API keys alike: set "
                "FUSION_PEPPER, the same everywhere, to the output of `openssl rand -hex 32`; to "
                "keep the keys of one machine, to that of `xxd -p -c 64 DATA_DIR/pepper`"
            )
        return self
