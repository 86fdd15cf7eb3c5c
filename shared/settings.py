"""Settings that the API and the workers share. Each program has its own class built on this one."""

import os
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.server_urls import DatabaseUrl, RedisUrl

DEFAULT_DATA_DIR = Path("data")
_DATA_DIR = os.environ.get("DATA_DIR") or dotenv_values(".env").get("DATA_DIR") or DEFAULT_DATA_DIR


class AppEnv(StrEnum):
    """Where the product runs: on a developer's machine, or for real learners."""

    DEV = "dev"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class S3Settings:
    """A private bucket and its access key. `endpoint_url`: that of an S3-compatible store, or None."""

    bucket: str
    region: str
    access_key_id: SecretStr
    secret_access_key: SecretStr
    endpoint_url: str | None


class SharedSettings(BaseSettings):
    """What every program needs to find the servers and the audio.

    Read from the environment, then from `.env`, then from the file in which a running
    `make run` says where its embedded servers listen; an empty value counts as unset.
    """

    model_config = SettingsConfigDict(
        env_file=(Path(_DATA_DIR) / "servers.env", ".env"),
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,  # passwords and keys are inputs
    )

    app_env: AppEnv = Field(
        default=AppEnv.DEV, description="`dev` or `prod`: chooses engines and other defaults"
    )
    database_url: DatabaseUrl = Field(
        default="postgresql+psycopg://user:password@localhost:5432/english_practice",
        description="PostgreSQL; `postgres://` works too. If unset, `make run` starts its own",
    )
    redis_url: RedisUrl = Field(
        default="redis://localhost:6379/0",
        description="Redis, the broker and the cache; `rediss://` and `unix://` work too. If unset, `make "
        "run` starts its own",
    )
    data_dir: Path = Field(default=DEFAULT_DATA_DIR, description="where local files live")
    audio_dir: Path | None = Field(default=None, description="local audio; if unset, `DATA_DIR/audio`")
    s3_bucket_name: str | None = Field(
        default=None,
        description="a private bucket for recordings and speech; turns S3 on, and needs the three `AWS_` "
        "settings",
    )
    s3_endpoint_url: AnyHttpUrl | None = Field(
        default=None, description="an S3-compatible store other than Amazon's; clients must reach it too"
    )
    aws_access_key_id: SecretStr | None = Field(default=None, description="access key for the bucket")
    aws_secret_access_key: SecretStr | None = Field(default=None, description="its secret")
    aws_region: str | None = Field(default=None, description="the bucket's region, such as `ap-south-1`")
    job_retention_days: float = Field(
        default=30,
        ge=1,
        description="days after which a finished job, its recording and its speech are removed; at least 1",
    )
    retry_window_hours: float = Field(
        default=24,
        ge=0,
        description="how long after its end a failed job may be retried; its recording is removed after "
        "that, or as soon as nothing can retry the job",
    )
    queue_deadline_seconds: float = Field(
        default=900, gt=0, description="longest wait from acceptance, or a retry, to the first step"
    )
    run_deadline_seconds: float = Field(
        default=600, gt=0, description="longest time from the first claim to the job's end"
    )
    usage_timezone: ZoneInfo = Field(
        default=ZoneInfo("Asia/Kolkata"), description="time zone whose days usage is counted in"
    )
    traces_endpoint: AnyHttpUrl | None = Field(
        default=None,
        description="collector that gets a trace of each turn, by OTLP over HTTP, such as "
        "`http://localhost:4318`; needs the extra `traces`. If unset, there are none",
    )

    @model_validator(mode="after")
    def _want_all_of_s3_or_none(self) -> Self:
        # AWS_* alone do not turn S3 on: many shells and hosts set them for other programs.
        if self.s3_bucket_name is None and self.s3_endpoint_url is not None:
            raise ValueError("S3_ENDPOINT_URL is set, but S3_BUCKET_NAME is not")
        if self.s3_bucket_name is not None and self.s3 is None:
            needed = ("aws_access_key_id", "aws_secret_access_key", "aws_region")
            missing = [name.upper() for name in needed if getattr(self, name) is None]
            raise ValueError(f"S3_BUCKET_NAME is set, but not {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _want_the_libraries_of_traces(self) -> Self:
        if self.traces_endpoint is not None and not _has_traces():
            raise ValueError("TRACES_ENDPOINT is set, but the extra `traces` is not installed")
        return self

    @property
    def s3(self) -> S3Settings | None:
        """The bucket for audio; None if audio is on local disks only."""
        key_id, secret, region = self.aws_access_key_id, self.aws_secret_access_key, self.aws_region
        if self.s3_bucket_name is None or key_id is None or secret is None or region is None:
            return None
        endpoint_url = None if self.s3_endpoint_url is None else str(self.s3_endpoint_url)
        return S3Settings(self.s3_bucket_name, region, key_id, secret, endpoint_url)

    @property
    def traces_url(self) -> str | None:
        """The collector's base URL; None where there are no traces."""
        return None if self.traces_endpoint is None else str(self.traces_endpoint)

    @property
    def job_retention(self) -> timedelta:
        """How long a finished job and its audio are kept; longer than an idempotency key is valid."""
        return timedelta(days=self.job_retention_days)

    @property
    def retry_window(self) -> timedelta:
        """How long after its end a failed job may be retried."""
        return timedelta(hours=self.retry_window_hours)

    @property
    def queue_deadline(self) -> timedelta:
        """The longest wait from acceptance, or a retry, to the first step."""
        return timedelta(seconds=self.queue_deadline_seconds)

    @property
    def run_deadline(self) -> timedelta:
        """The longest time from the first claim to the job's end."""
        return timedelta(seconds=self.run_deadline_seconds)

    @property
    def local_audio_dir(self) -> Path:
        """The folder of local audio."""
        return self.audio_dir or self.data_dir / "audio"


def _has_traces() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # a package above it is missing
        return False


Settings = TypeVar("Settings", bound=BaseSettings)


def read_settings(settings_class: type[Settings]) -> Settings:
    """Return the program's settings, or exit with a sentence that says what is wrong with them."""
    try:
        return settings_class()
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc'])).upper()} {each['msg']}" for each in error.errors()]
        raise SystemExit(f"The settings are not valid: {'; '.join(wrong).strip()}") from None
