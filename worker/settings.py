"""Settings of the workers."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from shared.models import Stage
from shared.settings import AppEnv, SharedSettings, read_settings

_DEFAULT_ENGINES = {
    AppEnv.DEV: ("whisper", "offline", "kokoro"),  # the tutor: `gemini` where a key is set
    AppEnv.PROD: ("whisper", "gemini", "neural"),
}

# What docker-compose.yml gives Flower unless `.env` says otherwise.
DEVELOPMENT_LOGIN = "user:password"

# `base` comes with the installation; the others are pinned to commits of the hub.
_DEFAULT_WHISPER_MODELS = {
    AppEnv.DEV: "base",
    AppEnv.PROD: "large-v3@edaa852ec7e145841d8ffdb056a99866b5f0a478",
}
_CHATTERBOX = "ResembleAI/chatterbox-turbo@749d1c1a46eb10492095d68fbcf55691ccf137cd"
_INDICF5 = "ai4bharat/IndicF5@ba85abedf18dc479a447eaa0eccbd76ab78a47d5"

# A soft limit only fires between Python instructions; the hard one follows after HARD_LIMIT_SLACK, and
# after DEADLINE_SLACK whoever is still alive records the timeout.
HARD_LIMIT_SLACK = timedelta(seconds=3)
DEADLINE_SLACK = timedelta(seconds=6)


class WorkerSettings(SharedSettings):
    """What a worker reads from the environment. Durations are in seconds."""

    stt_engine: str = Field(default="", description="`whisper` or `package.module:ClassName`")
    llm_engine: str = Field(default="", description="`gemini`, `offline` or `package.module:ClassName`")
    tts_engine: str = Field(
        default="", description="`espeak`, `kokoro`, `neural` or `package.module:ClassName`"
    )

    whisper_model: str = Field(
        default="",
        description="`base`, which comes with the installation, `NAME@REVISION`, or a local directory; only "
        "the second needs the network",
    )

    kokoro_english_voice: str = Field(
        default="hf_alpha",
        min_length=1,
        description="who speaks English: `hf_alpha` (Indian accent), `af_heart` (American), or a file of a "
        "Kokoro voice",
    )
    kokoro_hindi_voice: str = Field(
        default="hf_alpha", min_length=1, description="who speaks Hindi: a voice's name or a file of one"
    )
    kokoro_threads: int = Field(
        default=2, ge=1, le=64, description="threads that the `kokoro` voice computes in"
    )

    chatterbox_model: str = Field(
        default=_CHATTERBOX,
        description="the neural voice's model of English and Hinglish: `NAME@REVISION` on the hub, "
        "or a local directory",
    )
    chatterbox_voice: Path | None = Field(
        default=None,
        description="a recording of more than 5 s whose speaker it imitates; prepared once, kept under "
        "`DATA_DIR/voices`",
    )
    indicf5_model: str = Field(
        default=_INDICF5,
        description="its model of Hindi in Devanagari; the hub wants consent and `HF_TOKEN`, a local "
        "directory does not",
    )
    indicf5_voice: Path | None = Field(
        default=None, description="a recording of 1 to 12 s, best of Hindi, whose speaker it imitates"
    )
    indicf5_voice_text: str = Field(
        default="", description="what is said in `INDICF5_VOICE`, word for word, in Devanagari"
    )

    gemini_api_key: SecretStr | None = Field(
        default=None,
        description="the tutor's key; only the LLM worker needs it, so give it to no other program",
    )
    gemini_model: str = Field(default="gemini-3.6-flash", description="a name from the provider's list")
    gemini_base_url: AnyHttpUrl | None = Field(
        default=None, description="another server that speaks its protocol; may end in the API's version"
    )
    gemini_api_version: str | None = Field(
        default=None, description="of the provider's API; that of `gemini_base_url`, else v1"
    )

    stt_timeout_seconds: float = Field(default=30, gt=0, description="limit of `transcribe`")
    llm_timeout_seconds: float = Field(default=60, gt=0, description="limit of `reply`, retries included")
    tts_timeout_seconds: float = Field(default=45, gt=0, description="limit of `synthesize`")
    model_load_timeout_seconds: float = Field(default=300, gt=0, description="limit of loading the models")
    warm_up: bool = Field(
        default=True,
        description="load models at start rather than at first use; `make run` is ready when that has ended",
    )

    cache_enabled: bool | None = Field(
        default=None, description="repeat replies and speech that were given before; on in prod, off in dev"
    )
    cache_ttl_seconds: float = Field(
        default=86_400, ge=1, description="how long a reply, or where speech lies, is remembered"
    )
    cache_timeout_seconds: float = Field(
        default=0.05,
        gt=0,
        description="longest wait for an answer of the cache; then it is left alone for 5 s",
    )

    lease_seconds: float = Field(default=30, gt=0, description="how long a silent worker keeps its stage")
    heartbeat_seconds: float = Field(
        default=10, gt=0, description="how often a lease is renewed; shorter than the lease"
    )
    shutdown_grace_seconds: float = Field(
        default=30,
        gt=0,
        description="how long a worker told to stop may finish its stages; then other workers get them",
    )
    sweep_seconds: float = Field(default=2, gt=0, description="how often the sweep runs")
    retention_seconds: float = Field(
        default=300, gt=0, description="how often expired jobs and audio that no job names are removed"
    )
    move_audio_seconds: float = Field(
        default=60, gt=0, description="how often audio that was kept on a disk is moved to S3"
    )
    republish_after_seconds: float = Field(
        default=30, gt=0, description="when a published hint that nobody took counts as lost"
    )
    deaths_allowed: int = Field(default=3, ge=1, description="worker deaths that quarantine a job")

    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of the worker's `/metrics`; unset, it is not served"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address on which it is served")

    history_messages: int = Field(
        default=20, ge=0, description="messages of the conversation that the tutor remembers"
    )
    history_characters: int = Field(
        default=8000, ge=0, description="their length together: the newest that fit are remembered"
    )

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        stt, llm, tts = _DEFAULT_ENGINES[self.app_env]
        if self.gemini_api_key:
            llm = "gemini"
        self.stt_engine = self.stt_engine or stt
        self.llm_engine = self.llm_engine or llm
        self.tts_engine = self.tts_engine or tts
        self.whisper_model = self.whisper_model or _DEFAULT_WHISPER_MODELS[self.app_env]
        if self.cache_enabled is None:
            self.cache_enabled = self.app_env is AppEnv.PROD
        if self.heartbeat_seconds >= self.lease_seconds:
            raise ValueError("HEARTBEAT_SECONDS must be shorter than LEASE_SECONDS")
        return self

    @property
    def models_dir(self) -> Path:
        """Where models are joined that come in parts with installed packages."""
        return self.data_dir / "models"

    @property
    def lease(self) -> timedelta:
        """How long a silent worker keeps its stage."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def heartbeat(self) -> timedelta:
        """How often a lease is renewed."""
        return timedelta(seconds=self.heartbeat_seconds)

    def stage_limit(self, stage: Stage) -> timedelta:
        """Return how long the stage's engine may take."""
        seconds = {
            Stage.TRANSCRIBE: self.stt_timeout_seconds,
            Stage.REPLY: self.llm_timeout_seconds,
            Stage.SYNTHESIZE: self.tts_timeout_seconds,
        }
        return timedelta(seconds=seconds[stage])


@lru_cache(maxsize=1)
def worker_settings() -> WorkerSettings:
    """Return this process's settings, read at the first call; a worker that lacks some ends in a sentence."""
    return read_settings(WorkerSettings)


class FlowerSettings(SharedSettings):
    """What Flower, the operators' dashboard, reads from the environment."""

    flower_basic_auth: SecretStr | None = Field(
        default=None, description="`user:password` for Flower; required in prod"
    )

    @model_validator(mode="after")
    def _require_login_in_prod(self) -> Self:
        login = self.flower_basic_auth.get_secret_value() if self.flower_basic_auth else None
        if login is not None:
            user, _, password = login.partition(":")
            if not (user and password and login.isascii()):
                raise ValueError("FLOWER_BASIC_AUTH must be user:password, in ASCII")
        if self.app_env is AppEnv.PROD and login in {None, DEVELOPMENT_LOGIN}:
            raise ValueError("FLOWER_BASIC_AUTH, not the development one, is required when APP_ENV=prod")
        return self
