"""Settings of the API."""

import contextlib
import secrets
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.settings import AppEnv, SharedSettings


class ApiSettings(SharedSettings):
    """What the API reads from the environment. Durations are in seconds."""

    public_base_url: str = Field(
        default="http://localhost:8000",
        description="how clients reach the API; begins audio URLs, and its path `Location`, `links` and what "
        "`/docs` loads. `make run` takes its own `PORT`",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default=[], description="origins allowed in browsers, separated by commas"
    )
    audio_signing_key: SecretStr | None = Field(
        default=None,
        description="signs local audio URLs; the same in every API process; required in prod, "
        "made once under DATA_DIR in dev",
    )
    s3_presigned_expiry_seconds: int = Field(
        default=3600,
        gt=0,
        le=604_800,
        description="how long an audio URL works, local ones too; a week at most",
    )
    wait_timeout_seconds: float = Field(default=120, gt=0, description="longest answer of the `/wait` forms")
    decode_timeout_seconds: float = Field(
        default=10,
        gt=0,
        description="how long an upload may wait for its decoding and be decoded; past it, 503",
    )
    max_uploads_in_flight: int = Field(
        default=32, ge=1, description="uploads decoded or waiting for it in one API process; beyond them, 503"
    )
    max_uploads_in_flight_per_client: int = Field(
        default=8, ge=1, description="those of one client address; beyond them, 429 `too_many_uploads`"
    )
    web_concurrency: int | None = Field(
        default=None,
        ge=1,
        description="API processes of a host or container; they share its CPUs for decoding",
    )
    max_uploads_held: int = Field(
        default=128,
        ge=1,
        description="uploads that arrive, wait or are decoded in one API process; beyond them, 503, and "
        "beyond half of them from one client address, 429 `too_many_uploads`",
    )
    max_upload_megabytes_held: int = Field(
        default=256,
        ge=32,
        description="what has come of them, together; beyond it, 503, and beyond half of it from one client "
        "address, 429",
    )
    body_timeout_seconds: float = Field(
        default=120,
        gt=0,
        description="how long a request's body may take to arrive (past it, 408), and an answer to be taken",
    )
    head_timeout_seconds: float = Field(
        default=10,
        gt=0,
        description="how long a connection may be silent, or a request's head take to arrive; past it, 408",
    )
    keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        description="how long a connection is kept for the next request; must outlast that of a proxy in "
        "front (docs/operations.md)",
    )
    max_connections: int = Field(
        default=500,
        ge=1,
        description="connections of one API process; past them the longest silent is closed, and if none is, "
        "503 `busy`",
    )
    max_unfinished_jobs_per_user: int = Field(
        default=100, ge=1, description="a user's unfinished jobs; one more is refused with 429"
    )
    max_unfinished_jobs: int = Field(
        default=10_000, ge=1, description="everybody's unfinished jobs; one more is refused with 503"
    )
    max_stored_bytes_per_user: int = Field(
        default=1_000_000_000,
        ge=1,
        description="bytes of a user's stored recordings; one more recording is 429 `quota_exceeded`",
    )
    database_pool_size: int = Field(default=10, ge=1, description="connections of one API process")

    @field_validator("public_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an http:// or https:// URL without a query")
        return value.rstrip("/")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @property
    def public_path(self) -> str:
        """Under which path clients find the API: that of `public_base_url`, without a slash at its end."""
        return urlsplit(self.public_base_url).path

    @model_validator(mode="after")
    def _require_key_in_prod(self) -> Self:
        if self.app_env is AppEnv.PROD and self.audio_signing_key is None:
            raise ValueError("AUDIO_SIGNING_KEY is required when APP_ENV=prod")
        return self

    def signing_key(self) -> bytes:
        """Return the key that signs audio URLs; in dev, without a setting, one kept under `DATA_DIR`."""
        if self.audio_signing_key is not None:
            return self.audio_signing_key.get_secret_value().encode()
        path = self.data_dir / "audio_signing_key"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and linked, so that processes that start together agree on one whole key.
            aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            aside.touch(mode=0o600)
            aside.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(aside)
            aside.unlink()
        return path.read_bytes()
