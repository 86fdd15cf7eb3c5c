"""Settings of the launcher, `make run`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.server_urls import DatabaseUrl, RedisUrl
from shared.settings import AppEnv


class LauncherSettings(BaseSettings):
    """Read from the environment, then from `.env`; an empty value counts as unset."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = Field(default="127.0.0.1", description="address that the API listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="port of the API")
    flower_port: int = Field(default=5555, ge=1, le=65535, description="port of Flower, on 127.0.0.1")
    metrics_port: int = Field(
        default=9801,
        ge=1,
        le=65533,
        description="first of three ports on 127.0.0.1, one for each worker's metrics",
    )
    data_dir: Path = Field(default=Path("data"), description="folder of the embedded servers and audio")
    database_url: DatabaseUrl | None = Field(
        default=None, description="PostgreSQL to use instead of an embedded one"
    )
    redis_url: RedisUrl | None = Field(default=None, description="Redis to use instead of an embedded one")
    public_base_url: str | None = Field(default=None, description="URL at which clients reach the API")
    web_concurrency: int | None = Field(default=None, ge=1, description="API processes; if unset, one")
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="proxies whose `X-Forwarded-For` is trusted: addresses and networks, separated by commas",
    )

    app_env: AppEnv = Field(default=AppEnv.DEV, description="dev or prod")
    practice_page: bool | None = Field(default=None, description="serve the page to practise on")
    warm_up: bool = Field(default=True, description="load models at start; `Ready` waits for them")
    model_load_timeout_seconds: float = Field(
        default=300, gt=0, description="time limit of loading the models"
    )
    shutdown_grace_seconds: float = Field(
        default=30, gt=0, description="how long a stopping worker may finish its steps"
    )

    @property
    def local_url(self) -> str:
        """The API's URL on this machine."""
        return f"http://localhost:{self.port}"

    @property
    def first_page(self) -> str:
        """The page with which a newcomer begins: the one to practise on, or the documentation."""
        return f"{self.local_url}/{'practice' if self.offers_practice else 'docs'}"

    @property
    def offers_practice(self) -> bool:
        """Whether the page to practise on is served."""
        return self.app_env is AppEnv.DEV if self.practice_page is None else self.practice_page
