"""Settings of the workers."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from shared.models import QueueName, StepKind
from shared.settings import AppEnv, SharedSettings, read_settings
from shared.steps import QUEUE_OF_KIND

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

# Measured (docs/accuracy.md); what was not, gets the highest.
_SURE_HEARING = {"base": 0.51}

# A soft limit only fires between Python instructions. The hard limit follows after HARD_LIMIT_SLACK;
# after DEADLINE_SLACK, any process that is still alive records the timeout.
HARD_LIMIT_SLACK = timedelta(seconds=3)
DEADLINE_SLACK = timedelta(seconds=6)


class WorkerSettings(SharedSettings):
    """Settings that a worker reads from the environment. Durations are in seconds."""

    stt_engine: str = Field(default="", description="`whisper` or `package.module:ClassName`")
    llm_engine: str = Field(default="", description="`gemini`, `offline` or `package.module:ClassName`")
    tts_engine: str = Field(
        default="", description="`espeak`, `kokoro`, `neural` or `package.module:ClassName`"
    )

    whisper_model: str = Field(
        default="",
        description="`base`, which comes with the installation, `NAME@REVISION`, which is downloaded, or a "
        "local directory",
    )

    sure_hearing: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="how certain a word must be that a correction rests on: its probability times the mean "
        "of its sentence, 0 to 1. If unset, what was measured for the recogniser ([accuracy](accuracy.md))",
    )
    correct_without_probabilities: bool = Field(
        default=False, description="correct speech even where the recogniser does not say how sure it is"
    )

    kokoro_english_voice: str = Field(
        default="hf_alpha",
        min_length=1,
        description="voice for English: `hf_alpha` (Indian accent), `af_heart` (American), or a Kokoro voice "
        "file",
    )
    kokoro_hindi_voice: str = Field(
        default="hf_alpha", min_length=1, description="voice for Hindi: `hf_alpha`, or a Kokoro voice file"
    )
    kokoro_threads: int = Field(default=2, ge=1, le=64, description="threads of the `kokoro` engine")

    chatterbox_model: str = Field(
        default=_CHATTERBOX,
        description="the neural engine's model for English and Hinglish: `NAME@REVISION` on the hub, "
        "or a local directory",
    )
    chatterbox_voice: Path | None = Field(
        default=None,
        description="a recording of more than 5 s whose speaker the model imitates; prepared once, kept "
        "under `DATA_DIR/voices`. If unset, the model's own voice",
    )
    indicf5_model: str = Field(
        default=_INDICF5,
        description="its model for Hindi in Devanagari: `NAME@REVISION` on the hub, which asks for consent "
        "and `HF_TOKEN`, or a local directory",
    )
    indicf5_voice: Path | None = Field(
        default=None,
        description="a recording of 1 to 12 s, preferably Hindi, whose speaker it imitates. If unset, the "
        "model's own example, a Punjabi speaker",
    )
    indicf5_voice_text: str = Field(
        default="", description="transcript of `INDICF5_VOICE`, word for word, in Devanagari"
    )

    gemini_api_key: SecretStr | None = Field(
        default=None,
        description="key of the `gemini` tutor; only the LLM worker needs it, so give it to no other program",
    )
    gemini_model: str = Field(default="gemini-3.6-flash", description="a model name from the provider's list")
    gemini_base_url: AnyHttpUrl | None = Field(
        default=None, description="another server with the provider's protocol; may end in an API version"
    )
    gemini_api_version: str | None = Field(
        default=None, description="provider's API version; if unset, that of `GEMINI_BASE_URL`, else `v1`"
    )

    stt_timeout_seconds: float = Field(default=30, gt=0, description="time limit of transcribing")
    llm_timeout_seconds: float = Field(
        default=60, gt=0, description="time limit of the tutor's reply, retries included"
    )
    tts_timeout_seconds: float = Field(
        default=45, gt=0, description="time limit of speaking one piece, and of joining them"
    )
    model_load_timeout_seconds: float = Field(
        default=300, gt=0, description="time limit of loading the models"
    )
    warm_up: bool = Field(
        default=True,
        description="load models at start rather than at first use; `make run` waits for them before `Ready`",
    )

    cache_enabled: bool | None = Field(
        default=None, description="reuse earlier replies and speech of the same user; on in prod, off in dev"
    )
    cache_ttl_seconds: float = Field(default=86_400, ge=1, description="how long a cache entry is kept")
    cache_timeout_seconds: float = Field(
        default=0.05,
        gt=0,
        description="longest wait for the cache; after a timeout the worker skips it for 5 s",
    )

    lease_seconds: float = Field(default=30, gt=0, description="how long a step stays with a silent worker")
    heartbeat_seconds: float = Field(
        default=10, gt=0, description="interval of lease renewals; shorter than `LEASE_SECONDS`"
    )
    shutdown_grace_seconds: float = Field(
        default=30,
        gt=0,
        description="how long a stopping worker may finish its steps; then it gives them to other workers",
    )
    sweep_seconds: float = Field(default=2, gt=0, description="interval of the sweep")
    retention_seconds: float = Field(
        default=300, gt=0, description="interval of the removal of expired jobs and orphaned audio"
    )
    conversation_retention_days: float | None = Field(
        default=None,
        ge=1,
        description="days after its last turn that a conversation is removed. Unset: never",
    )
    move_audio_seconds: float = Field(
        default=60, gt=0, description="interval of moving audio from local disk to S3"
    )
    erasure_seconds: float = Field(
        default=5, gt=0, description="interval of going on with erasures of learners"
    )
    republish_after_seconds: float = Field(
        default=30,
        gt=0,
        description="how long a step may wait after its hint was sent; then the hint counts as lost",
    )
    deaths_allowed: int = Field(
        default=3, ge=1, description="worker deaths at one step after which it is not run again"
    )

    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of the worker's `/metrics`; if unset, there is none"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address of the worker's `/metrics`")

    history_messages: int = Field(
        default=20, ge=0, description="most recent messages of the conversation that the tutor sees"
    )
    history_characters: int = Field(
        default=8000, ge=0, description="their total length in characters; the newest that fit"
    )

    @property
    def conversation_retention(self) -> timedelta | None:
        """How long a conversation is kept after its last turn; None: for ever."""
        days = self.conversation_retention_days
        return None if days is None else timedelta(days=days)

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        stt, llm, tts = _DEFAULT_ENGINES[self.app_env]
        if self.gemini_api_key:
            llm = "gemini"
        self.stt_engine = self.stt_engine or stt
        self.llm_engine = self.llm_engine or llm
        self.tts_engine = self.tts_engine or tts
        self.whisper_model = self.whisper_model or _DEFAULT_WHISPER_MODELS[self.app_env]
        if self.sure_hearing is None:
            self.sure_hearing = _SURE_HEARING.get(self.whisper_model, max(_SURE_HEARING.values()))
        if self.cache_enabled is None:
            self.cache_enabled = self.app_env is AppEnv.PROD
        if self.heartbeat_seconds >= self.lease_seconds:
            raise ValueError("HEARTBEAT_SECONDS must be shorter than LEASE_SECONDS")
        return self

    @property
    def models_dir(self) -> Path:
        """The folder in which the parts of packaged models are joined."""
        return self.data_dir / "models"

    @property
    def lease(self) -> timedelta:
        """How long a step stays with a silent worker."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def heartbeat(self) -> timedelta:
        """The interval of lease renewals."""
        return timedelta(seconds=self.heartbeat_seconds)

    def step_limit(self, kind: StepKind) -> timedelta:
        """Return the time limit of a step of this kind."""
        seconds = {
            StepKind.TRANSCRIBE: self.stt_timeout_seconds,
            StepKind.REPLY: self.llm_timeout_seconds,
            StepKind.SPEAK: self.tts_timeout_seconds,
            StepKind.JOIN: self.tts_timeout_seconds,
        }
        return timedelta(seconds=seconds[kind])

    def longest_step(self, queue: QueueName) -> timedelta:
        """Return the time limit of the queue's longest step."""
        return max(self.step_limit(kind) for kind, its in QUEUE_OF_KIND.items() if its is queue)


@lru_cache(maxsize=1)
def worker_settings() -> WorkerSettings:
    """Return this process's settings, read at the first call; exit with a sentence if they are not valid."""
    return read_settings(WorkerSettings)


class FlowerSettings(SharedSettings):
    """Settings that Flower, the operators' dashboard, reads from the environment."""

    flower_basic_auth: SecretStr | None = Field(
        default=None, description="login for Flower, `user:password`; required in prod"
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
