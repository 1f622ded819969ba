"""The settings of a guichet: ``guichet.toml`` < environment ``GUICHET_*`` < flags. Every default works offline."""

from __future__ import annotations

import datetime as dt
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ingest.errors import SettingsError

BRUSSELS = ZoneInfo("Europe/Brussels")
ROOT = Path(__file__).resolve().parent.parent
BUNDLED_MODEL = ROOT / "ingest" / "model"
"""Folder of the static embedding model that comes along."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which nobody between can listen: only there may an address that carries secrets be ``http``."""

_HOST_NAME = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")


def _listed(value: object) -> object:
    """Return the parts of a text with commas; anything else as it is."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Everything an operator may set; ``python -m ui config`` prints the effective values."""

    model_config = SettingsConfigDict(
        env_prefix="GUICHET_", toml_file="guichet.toml", frozen=True, extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Field(Path("data"), description="Folder of the database, the indexes and the originals.")
    corpus_dir: Path = Field(ROOT / "corpus", description="Folder that is ingested on the first start.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(7860, ge=0, le=65535, description="Port to listen on.")
    embedding_model: Annotated[str, BeforeValidator(str)] = Field(
        str(BUNDLED_MODEL),
        description="Embedding model: a folder, sentence-transformers:NAME (also NAME alone) or openai:NAME; after "
        "a change, python -m ingest rebuild.",
    )
    embedding_base_url: str | None = Field(
        None, description="Address of the OpenAI-compatible server of an openai: embedding model, up to /v1."
    )
    embedding_api_key: SecretStr | None = Field(None, description="Key of that server; only from the environment.")
    embedding_query_prompt: str | None = Field(
        None, description='Put before a question, such as "query: "; unset: what the embedding model itself wants.'
    )
    embedding_passage_prompt: str | None = Field(
        None, description='Put before a passage, such as "passage: "; unset: what the embedding model itself wants.'
    )
    reranker: str | None = Field(
        None,
        description="Cross-encoder of sentence-transformers, name or folder, that puts the best hits in order.",
    )
    llm: str | None = Field(
        None,
        description="Language model that phrases answers: ollama:NAME, openai:NAME, mistralai:NAME, anthropic:NAME; "
        "unset: answers are quotes.",
    )
    llm_base_url: str | None = Field(
        None, description="Address of an OpenAI-compatible server of the language model, up to /v1."
    )
    llm_api_key: SecretStr | None = Field(None, description="Key of the language model; only from the environment.")
    llm_connect_seconds: float = Field(3, gt=0, description="Longest wait for a connection to the language model.")
    llm_first_seconds: float = Field(10, gt=0, description="Longest wait for the first word of the language model.")
    llm_between_seconds: float = Field(10, gt=0, description="Longest wait between two words of the language model.")
    llm_total_seconds: float = Field(
        30, gt=0, description="Longest time that one answer may ask of the language model."
    )
    llm_daily_tokens: int | None = Field(
        None,
        ge=0,
        le=10**12,
        description="Most tokens a day, in Brussels, that the language model may take; then extractive.",
    )
    llm_daily_euro: float | None = Field(
        None, ge=0, description="Most euro a day that it may cost; needs llm_euro_in and llm_euro_out."
    )
    llm_origin_daily_tokens: int | None = Field(
        None,
        ge=0,
        le=10**12,
        description="Most tokens a day for each portal, each API key, the page, the API and the command line.",
    )
    llm_euro_in: float | None = Field(None, ge=0, description="Price in euro of a million tokens sent to the model.")
    llm_euro_out: float | None = Field(None, ge=0, description="Price in euro of a million tokens that it writes.")
    question_days: int = Field(
        30,
        ge=0,
        description="Days that receipts keep what visitors wrote (question, earlier turns, remarks); 0: never stored.",
    )
    staff_second_person: bool = Field(
        False, description="Whether a document must be published by another person than the one who prepared it."
    )
    golden_questions: Path | None = Field(
        None,
        description="File of control questions with what a right answer must hold (docs/preview.md); unset: "
        "golden.jsonl in corpus_dir, if there is one.",
    )
    preview_questions: int = Field(
        300, ge=0, le=5000, description="Most questions of visitors that the preview of a change asks again."
    )
    preview_seconds: float = Field(
        60, gt=0, description="Longest time that the preview of a change asks questions; those left are counted."
    )
    preview_blocks: bool = Field(
        True,
        description="Whether control questions that a change would break hold back its publication until a reason "
        "is given.",
    )
    today: dt.date | None = Field(None, description="The date to answer for; unset: today in Europe/Brussels.")
    rate_limit: str = Field(
        "60/minute; 2000/day",
        description='Questions of one address (of IPv6: one /64 network), an office behind it included; "off" takes '
        "every such limit away, for load tests on loopback.",
    )
    rate_limit_conversation: str = Field("12/minute", description="Questions of one conversation.")
    rate_limit_requests: str = Field(
        "300/minute", description="Everything else that an address asks of the API, and its events of the chat page."
    )
    rate_limit_key: str = Field(
        "240/minute; 50000/day", description="Questions of an API key for which nothing else is set."
    )
    rate_limit_storage: SecretStr | None = Field(
        None,
        description="Where these are counted for several processes, such as redis://host:6379/0; unset: in memory. "
        "Only from the environment.",
    )
    open_questions: int = Field(
        64, ge=1, le=10_000, description="Questions that are answered at the same time; more are asked to wait."
    )
    open_questions_address: int = Field(8, ge=1, le=10_000, description="The same for one address, or one API key.")
    api_key_required: bool = Field(
        False,
        description="Whether programs need a key; at /api/v1 pages of the guichet and of open portals do not, and a "
        "program can pass for one.",
    )
    trusted_hosts: Names = Field(
        (),
        description="Further host names under which the guichet is asked, with commas between; that of public_url and "
        "this machine itself always are.",
    )
    trusted_proxies: Names = Field(
        (),
        description="Addresses or networks of reverse proxies whose X-Forwarded-For is believed, with commas between, "
        "such as 10.0.0.2. Unset: none, and everybody behind a proxy has its address.",
    )
    max_question: int = Field(600, ge=50, description="Longest question, in characters.")
    reader_seconds: float = Field(15, gt=0, description="Longest time to read one file.")
    reader_megabytes: int = Field(1024, ge=256, description="Memory that reading one file may take.")
    max_file_megabytes: int = Field(50, ge=1, description="Largest file that is read.")

    web_enabled: bool = Field(True, description="Whether pages that staff name are fetched, and links are checked.")
    web_contact: str | None = Field(
        None,
        pattern=r"^[!-'*-~]{1,200}$",
        description="Web or e-mail address of the people behind the guichet; sites that are asked see it.",
    )
    web_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        (80, 443), description="Ports that may be asked."
    )
    web_connect_seconds: float = Field(5, gt=0, description="Longest wait for a name server, and for a connection.")
    web_between_seconds: float = Field(10, gt=0, description="Longest silence of a site.")
    web_total_seconds: float = Field(30, gt=0, description="Longest time to fetch one page, redirects included.")
    web_megabytes: int = Field(20, ge=1, le=200, description="Largest page that is fetched, packed or unpacked.")
    web_redirects: int = Field(5, ge=0, le=20, description="Most redirects from one page to the next.")
    web_refetch_days: int = Field(7, ge=1, le=365, description="Days between two looks at a watched page.")
    web_links_a_run: int = Field(200, ge=0, description="Most links that are checked in one run; 0: none.")
    public_url: str | None = Field(
        None, description="Address under which browsers reach the guichet, such as https://guichet.example.be."
    )
    staff_session_hours: float = Field(12, gt=0, le=168, description="Hours after which staff must log in again.")
    staff_idle_minutes: float = Field(60, gt=0, description="Minutes without a request after which a session ends.")
    staff_oidc_issuer: str | None = Field(
        None, description="Issuer of the OpenID provider that staff may log in with; unset: local accounts only."
    )
    staff_oidc_name: str | None = Field(None, description="How the login page calls that provider; unset: its host.")
    staff_oidc_client_id: str | None = Field(None, description="Name of the guichet at the OpenID provider.")
    staff_oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of the guichet at the OpenID provider; only from the environment."
    )
    staff_oidc_scopes: str = Field("openid profile", description="What is asked of the OpenID provider.")
    staff_oidc_role_claim: str | None = Field(
        None, description="Claim that holds groups or roles, such as groups or realm_access.roles."
    )
    staff_oidc_roles: dict[str, Literal["editor", "publisher", "administrator"]] = Field(
        default_factory=dict,
        description='Role of each value of that claim, as JSON: {"ia-redaction": "editor"}; unset: an administrator '
        "gives the roles.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, the environment over the file."""
        return init_settings, env_settings, _SettingsFile(settings_cls)

    @model_validator(mode="after")
    def _euro_have_prices(self) -> Self:
        # Without prices every question would cost nothing, and the limit would hold back none.
        if self.llm_daily_euro is not None and None in (self.llm_euro_in, self.llm_euro_out):
            raise ValueError("GUICHET_LLM_DAILY_EURO needs GUICHET_LLM_EURO_IN and GUICHET_LLM_EURO_OUT")
        return self

    @field_validator("public_url", "staff_oidc_issuer")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise ValueError("an address such as https://guichet.example.be is needed")
        return value

    @field_validator("rate_limit", "rate_limit_conversation", "rate_limit_requests", "rate_limit_key")
    @classmethod
    def _counted(cls, value: str) -> str:
        from limits import parse_many  # a tenth of a second, which commands that only read files need not wait for

        try:
            if value != "off":
                parse_many(value)
        except ValueError as error:
            raise ValueError('a limit such as "60/minute; 2000/day" is needed, or "off"') from error
        return value

    @field_validator("trusted_hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _HOST_NAME.fullmatch(name):
                raise ValueError(f'"{name[:100]}" is not a host name such as guichet.example.be or guichet:7860')
        return tuple(name.lower() for name in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ip_network(network)
            except ValueError as error:
                raise ValueError(
                    f'"{network[:100]}" is neither an address nor a network such as 10.0.0.0/24'
                ) from error
        return value

    @field_validator("public_url")
    @classmethod
    def _whole_host(cls, value: str | None) -> str | None:
        # The cookies of the staff and the links of the pages begin at the root of the host.
        if value and urlsplit(value).path.strip("/"):
            raise ValueError("the guichet needs a host of its own: no path after it")
        return value.rstrip("/") if value else value

    @field_validator("staff_oidc_issuer")
    @classmethod
    def _encrypted(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme != "https" and urlsplit(value).hostname not in LOOPBACK:
            raise ValueError("the OpenID provider must be reached by https")
        return value

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        if self.staff_oidc_issuer and not (self.staff_oidc_client_id and self.public_url):
            raise ValueError("GUICHET_STAFF_OIDC_ISSUER needs GUICHET_STAFF_OIDC_CLIENT_ID and GUICHET_PUBLIC_URL")
        if bool(self.staff_oidc_role_claim) != bool(self.staff_oidc_roles):
            raise ValueError("GUICHET_STAFF_OIDC_ROLE_CLAIM and GUICHET_STAFF_OIDC_ROLES go together")
        return self

    def current_date(self) -> dt.date:
        """The day to answer for: a call that closed at midnight in Brussels is closed from then on."""
        return self.today or dt.datetime.now(BRUSSELS).date()


class _SettingsFile(TomlConfigSettingsSource):
    """``guichet.toml``, in which no secret may stand: files are copied, shown and committed."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        for key in values:
            field = self.settings_cls.model_fields.get(key)
            if field and "SecretStr" in str(field.annotation):
                raise SettingsError(
                    f"guichet.toml: {key} is a secret; take it out and set GUICHET_{key.upper()} instead"
                )
        return values


def load(**flags: Any) -> Settings:
    """Return the effective settings, or raise ``SettingsError`` naming the key that is wrong."""
    try:
        return Settings(**{key: value for key, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        key = "GUICHET_" + str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingsError(f"{key}: {first['msg']}") from error
