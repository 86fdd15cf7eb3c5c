"""Settings of the API."""

import math
from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from api.access.quotas import Quotas
from api.access.settings import AccessSettings, generated_secret
from shared.settings import AppEnv


class ApiSettings(AccessSettings):
    """Settings that the API reads from the environment. Durations are in seconds."""

    public_base_url: str = Field(
        default="http://localhost:8000",
        description="URL at which clients reach the API; audio URLs begin with it, and `Location`, `links` "
        "and `/docs` with its path. `make run` uses its own `PORT`",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default=[], description="origins that browsers may call from, separated by commas"
    )
    practice_page: bool | None = Field(
        default=None, description="serve the page to practise on, `/practice`; on in dev, off in prod"
    )
    audio_signing_key: SecretStr | None = Field(
        default=None,
        description="key that signs local audio URLs, the same in every API process; required in prod, "
        "generated once under `DATA_DIR` in dev",
    )
    s3_presigned_expiry_seconds: int = Field(
        default=3600,
        gt=0,
        le=604_800,
        description="how long an audio URL is valid, local ones too; a week at most",
    )
    wait_timeout_seconds: float = Field(default=120, gt=0, description="longest wait of the `/wait` routes")
    follow_seconds: float = Field(
        default=300, gt=0, description="how long a stream of a job's events lasts; clients then resume it"
    )
    decode_timeout_seconds: float = Field(
        default=10,
        gt=0,
        description="how long an upload may wait for its decoding and be decoded; after that, 503",
    )
    max_uploads_in_flight: int = Field(
        default=32,
        ge=1,
        description="uploads that one API process decodes or lets wait for decoding; one more is refused "
        "with 503",
    )
    max_uploads_in_flight_per_client: int = Field(
        default=8,
        ge=1,
        description="the same for one client address, or with keys for one learner (with a token from the "
        "first byte on); 429 `too_many_uploads`",
    )
    web_concurrency: int | None = Field(
        default=None,
        ge=1,
        description="API processes of a host or container, which share its CPUs for decoding",
    )
    max_uploads_held: int = Field(
        default=128,
        ge=1,
        description="uploads that one API process receives, lets wait or decodes; one more is refused with "
        "503, or, if one client address has half of them, with 429 `too_many_uploads`",
    )
    max_upload_megabytes_held: int = Field(
        default=256,
        ge=32,
        description="megabytes received of them in total; beyond it, 503; beyond half of it from one client "
        "address, 429",
    )
    body_timeout_seconds: float = Field(
        default=120,
        gt=0,
        description="how long a request's body may take to arrive (after that, 408), and the client to read "
        "the response",
    )
    head_timeout_seconds: float = Field(
        default=10,
        gt=0,
        description="how long a connection may be silent, or a request's headers take to arrive; after "
        "that, 408",
    )
    keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        description="how long an idle connection is kept; must be longer than a proxy in front keeps it "
        "(docs/operations.md)",
    )
    max_connections: int = Field(
        default=500,
        ge=1,
        description="connections of one API process; for one more, the connection that has been idle "
        "longest is closed, or, if none is idle, the new one is refused with 503 `busy`",
    )
    max_unfinished_jobs_per_user: int = Field(
        default=100, ge=1, description="unfinished jobs of one user; one more is refused with 429"
    )
    max_unfinished_jobs: int = Field(
        default=10_000, ge=1, description="unfinished jobs of all users; one more is refused with 503"
    )
    max_stored_bytes_per_user: int = Field(
        default=1_000_000_000,
        ge=1,
        description="bytes of one user's stored recordings; a recording beyond it is refused with 429 "
        "`quota_exceeded`",
    )
    max_unfinished_jobs_per_app: int | None = Field(
        default=None,
        ge=1,
        description="unfinished jobs of one app; one more is refused with 429. Unset: half of "
        "`MAX_UNFINISHED_JOBS` with `ACCESS=keys`, else no limit",
    )
    max_turns_per_day: int | None = Field(
        default=None,
        ge=1,
        description="turns of one learner on a day of `USAGE_TIMEZONE`; one more is refused with 429 "
        "`quota_exceeded`. Unset: 1000 with `ACCESS=keys`, else no limit",
    )
    max_requests_per_minute_per_learner: int = Field(
        default=600,
        ge=1,
        description="requests a minute with one learner's tokens; one more is refused with 429 "
        "`quota_exceeded`",
    )
    max_requests_per_minute_per_app: int | None = Field(
        default=None, ge=1, description="the same with all of one app's keys. Unset: no limit"
    )
    max_requests_per_minute_per_address: int | None = Field(
        default=None,
        ge=1,
        description="the same from one address without an app's key. Unset: 6000 with `ACCESS=keys`, else no "
        "limit",
    )
    require_consent_for_recordings: bool = Field(
        default=False,
        description="refuse recordings of learners whose consent, or their guardian's, is not noted "
        "(`PUT /api/v1/users/{user_id}`)",
    )
    learner_token_seconds: int = Field(
        default=3600, ge=60, le=86_400, description="how long a learner token works; a day at most"
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="host names under which clients may reach the API, separated by commas; any if unset. "
        "`*.example.org` stands for every host below it",
    )
    database_pool_size: int = Field(
        default=10, ge=1, description="connections of one API process to PostgreSQL"
    )

    @field_validator("public_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an http:// or https:// URL without a query")
        return value.rstrip("/")

    @field_validator("cors_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @model_validator(mode="after")
    def _limit_who_has_credentials(self) -> Self:
        # With `ACCESS=open` anyone can be any number of learners, so limits on one mean little.
        if not self.is_open:
            half = math.ceil(self.max_unfinished_jobs / 2)
            self.max_unfinished_jobs_per_app = self.max_unfinished_jobs_per_app or half
            self.max_turns_per_day = self.max_turns_per_day or 1000
            self.max_requests_per_minute_per_address = self.max_requests_per_minute_per_address or 6000
        return self

    @property
    def public_path(self) -> str:
        """The path part of `public_base_url`, without a slash at its end."""
        return urlsplit(self.public_base_url).path

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        if self.practice_page is None:
            self.practice_page = self.app_env is AppEnv.DEV
        return self

    @model_validator(mode="after")
    def _require_key_in_prod(self) -> Self:
        if self.app_env is AppEnv.PROD and self.audio_signing_key is None:
            raise ValueError("AUDIO_SIGNING_KEY is required when APP_ENV=prod")
        return self

    def signing_key(self) -> bytes:
        """Return the key that signs audio URLs; in dev, if it is not set, one generated under `DATA_DIR`."""
        if self.audio_signing_key is not None:
            return self.audio_signing_key.get_secret_value().encode()
        return generated_secret(self.data_dir / "audio_signing_key")

    @property
    def learner_token_lifetime(self) -> timedelta:
        """How long a learner token works."""
        return timedelta(seconds=self.learner_token_seconds)

    @property
    def quotas(self) -> Quotas:
        """What an app without quotas of its own may use."""
        return Quotas(
            turns_a_day=self.max_turns_per_day,
            unfinished_jobs_of_learner=self.max_unfinished_jobs_per_user,
            unfinished_jobs_of_app=self.max_unfinished_jobs_per_app,
            stored_bytes=self.max_stored_bytes_per_user,
            uploads=self.max_uploads_in_flight_per_client,
            requests_of_learner=self.max_requests_per_minute_per_learner,
            requests_of_app=self.max_requests_per_minute_per_app,
        )
