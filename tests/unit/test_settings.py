"""Settings: what they accept and refuse, what they are by default, and that `.env.example` shows them all."""

import re
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from local import settings_page
from local.settings import LauncherSettings
from shared.models import QueueName, StepKind
from shared.settings import AppEnv, SharedSettings, read_settings
from worker.settings import FlowerSettings, WorkerSettings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
CLASSES: tuple[type[BaseSettings], ...] = (ApiSettings, WorkerSettings, FlowerSettings, LauncherSettings)
NAMES = {name.upper() for cls in CLASSES for name in cls.model_fields}
SHOWN = re.compile(r"^(# )?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
PROD = {"app_env": "prod", "audio_signing_key": "k", "access_secrets": "s" * 32}


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a `.env` of whoever runs the tests has a say."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_form_of_a_database_url_works(scheme: str) -> None:
    settings = SharedSettings(database_url=f"{scheme}://me:secret@db:5433/name?sslmode=require")

    assert settings.database_url == "postgresql+psycopg://me:secret@db:5433/name?sslmode=require"


@pytest.mark.parametrize(
    "url",
    ["mysql://me:secret@db/name", "postgresql+asyncpg://me:secret@db/name", "sqlite:///secret", "secret", ""],
)
@pytest.mark.parametrize("cls", [ApiSettings, WorkerSettings])
def test_another_database_is_refused_in_a_sentence_that_hides_the_password(
    cls: type[SharedSettings], url: str
) -> None:
    with pytest.raises(ValidationError, match="must be a postgresql:// URL") as refusal:
        cls.model_validate({"database_url": url})

    assert "secret" not in str(refusal.value)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://db/name")
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, https://b.example,")
    monkeypatch.setenv("USAGE_TIMEZONE", "Asia/Colombo")

    assert ApiSettings().database_url == "postgresql+psycopg://db/name"
    assert ApiSettings().cors_origins == ["https://a.example", "https://b.example"]
    assert WorkerSettings().usage_timezone.key == "Asia/Colombo"


def test_a_dotenv_file_is_read_and_the_environment_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://file/0\nSTT_ENGINE=file\nUNKNOWN=ignored\n")
    monkeypatch.setenv("STT_ENGINE", "environment")

    settings = WorkerSettings()

    assert (settings.redis_url, settings.stt_engine) == ("redis://file/0", "environment")


def test_in_dev_everything_runs_without_a_gpu_or_a_key() -> None:
    settings = WorkerSettings()

    assert settings.app_env is AppEnv.DEV
    assert (settings.stt_engine, settings.llm_engine, settings.tts_engine) == (
        "whisper",
        "offline",
        "kokoro",
    )
    assert (settings.warm_up, settings.cache_enabled) == (True, False)


def test_in_prod_the_large_models_are_chosen_and_loaded_at_start() -> None:
    settings = WorkerSettings.model_validate(PROD)

    assert (settings.stt_engine, settings.llm_engine, settings.tts_engine) == ("whisper", "gemini", "neural")
    assert (settings.warm_up, settings.cache_enabled) == (True, True)


def test_what_is_chosen_stays_chosen_in_prod() -> None:
    chosen = {"llm_engine": "offline", "warm_up": False, "cache_enabled": False}
    settings = WorkerSettings.model_validate(PROD | chosen)

    assert (settings.llm_engine, settings.warm_up, settings.cache_enabled) == ("offline", False, False)


def test_the_steps_have_the_limits_of_the_contract() -> None:
    limits = {kind: WorkerSettings().step_limit(kind).total_seconds() for kind in StepKind}

    assert limits == {"transcribe": 30, "reply": 60, "speak": 45, "join": 45}
    assert WorkerSettings().longest_step(QueueName.GPU).total_seconds() == 45


def test_a_heartbeat_slower_than_its_lease_is_refused() -> None:
    with pytest.raises(ValidationError, match="HEARTBEAT_SECONDS must be shorter than LEASE_SECONDS"):
        WorkerSettings(lease_seconds=5, heartbeat_seconds=5)


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        (WorkerSettings, "stt_timeout_seconds", 0),
        (WorkerSettings, "deaths_allowed", 0),
        (WorkerSettings, "usage_timezone", "Asia/Nowhere"),
        (WorkerSettings, "app_env", "staging"),
        (ApiSettings, "database_pool_size", 0),
        (LauncherSettings, "port", 70_000),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(
    cls: type[BaseSettings], name: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=name):
        cls.model_validate({name: value})


def test_in_prod_the_api_refuses_to_start_without_a_signing_key() -> None:
    with pytest.raises(ValidationError, match="AUDIO_SIGNING_KEY is required when APP_ENV=prod") as refusal:
        ApiSettings.model_validate(
            PROD | {"audio_signing_key": None, "database_url": "postgres://me:secret@db/name"}
        )

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("login", [None, "user:password"])
def test_in_prod_flower_refuses_to_start_without_a_password_of_its_own(login: str | None) -> None:
    with pytest.raises(ValidationError, match="FLOWER_BASIC_AUTH, not the development one, is required"):
        FlowerSettings.model_validate(PROD | {"flower_basic_auth": login})


@pytest.mark.parametrize("login", ["secret", ":secret", "secret:", "asha:sécret"])
def test_a_login_that_flower_could_not_check_is_refused_unseen(login: str) -> None:
    with pytest.raises(ValidationError, match="must be user:password, in ASCII") as refusal:
        FlowerSettings.model_validate({"flower_basic_auth": login})

    assert login not in str(refusal.value)


def test_a_connection_is_kept_longer_than_common_proxies_keep_theirs() -> None:
    assert ApiSettings().keep_alive_seconds > 60


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.com", ""),
        ("https://example.com/", ""),
        ("https://example.com/english/", "/english"),
        ("http://10.0.0.1:8080/a/b", "/a/b"),
    ],
)
def test_the_public_path_is_that_of_the_public_address(url: str, path: str) -> None:
    assert ApiSettings(public_base_url=url).public_path == path


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "/english",
        "ftp://example.com",
        "https://",
        "https://example.com/?a=b",
        "https://e.com/#a",
    ],
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="public_base_url"):
        ApiSettings(public_base_url=url)


def test_in_dev_a_signing_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first, second = ApiSettings(data_dir=tmp_path / "d"), ApiSettings(data_dir=tmp_path / "d")

    assert len(first.signing_key()) >= 32
    assert first.signing_key() == second.signing_key()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "d").iterdir()} == {0o600}


def test_local_audio_lies_under_the_data_directory_unless_told_otherwise(tmp_path: Path) -> None:
    assert SharedSettings(data_dir=tmp_path).local_audio_dir == tmp_path / "audio"
    assert SharedSettings(data_dir=tmp_path, audio_dir=tmp_path / "a").local_audio_dir == tmp_path / "a"


def test_the_example_names_exactly_the_settings_there_are() -> None:
    shown = [name for _, name, _ in SHOWN.findall(EXAMPLE.read_text())]

    assert sorted(shown) == sorted(NAMES)


def test_the_example_leaves_out_only_what_has_no_default_everywhere() -> None:
    hidden = {name for comment, name, _ in SHOWN.findall(EXAMPLE.read_text()) if comment}

    assert hidden == {
        name.upper()
        for cls in CLASSES
        for name, field in cls.model_fields.items()
        if field.default is None or field.default == ""
    }


@pytest.mark.parametrize("cls", CLASSES)
def test_the_examples_values_are_the_defaults(cls: type[BaseSettings]) -> None:
    def values(**given: Any) -> dict[str, Any]:
        return cls.model_validate(given).model_dump()

    shown = {name.lower(): value for name, value in dotenv_values(EXAMPLE).items()}

    assert values(**{name: value for name, value in shown.items() if name in cls.model_fields}) == values()


def test_every_setting_of_the_example_is_explained_above_it() -> None:
    lines = EXAMPLE.read_text().splitlines()

    unexplained = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if SHOWN.match(line) and (not above.startswith("# ") or SHOWN.match(above))
    ]
    assert unexplained == []


def test_a_program_with_wrong_settings_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@db/name")

    with pytest.raises(SystemExit, match=r"not valid: DATABASE_URL .*must be a postgresql:// URL") as end:
        read_settings(WorkerSettings)

    assert "secret" not in str(end.value)


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = [cls().model_dump() for cls in CLASSES]
    for name in NAMES:
        monkeypatch.setenv(name, "")

    assert [cls().model_dump() for cls in CLASSES] == unset


S3_WHOLE = {
    "s3_bucket_name": "recordings",
    "aws_access_key_id": "a-key-id",
    "aws_secret_access_key": "a-secret",
    "aws_region": "ap-south-1",
}


@pytest.mark.parametrize("cls", [ApiSettings, WorkerSettings])
def test_s3_is_on_where_the_bucket_is_named(cls: type[SharedSettings]) -> None:
    whole = cls.model_validate(S3_WHOLE).s3

    assert whole is not None
    assert (whole.bucket, whole.region, whole.endpoint_url) == ("recordings", "ap-south-1", None)
    assert cls().s3 is None
    assert "a-secret" not in repr(cls.model_validate(S3_WHOLE)) + repr(whole)


def test_a_key_alone_which_may_be_another_programs_switches_nothing_on() -> None:
    assert SharedSettings.model_validate(S3_WHOLE | {"s3_bucket_name": None}).s3 is None


@pytest.mark.parametrize("missing", [name for name in S3_WHOLE if name.startswith("aws")])
def test_a_bucket_without_its_key_or_region_is_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in S3_WHOLE.items():
        monkeypatch.setenv(name.upper(), "" if name == missing else value)

    for cls in (ApiSettings, WorkerSettings):
        with pytest.raises(SystemExit, match=f"S3_BUCKET_NAME is set, but not {missing.upper()}$") as end:
            read_settings(cls)
        assert "a-secret" not in str(end.value)


def test_an_endpoint_without_a_bucket_is_refused() -> None:
    with pytest.raises(ValidationError, match="S3_ENDPOINT_URL is set, but S3_BUCKET_NAME is not"):
        SharedSettings.model_validate({"s3_endpoint_url": "http://localhost:9000"})


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_a_url_works_for_a_week_at_most(seconds: int) -> None:
    with pytest.raises(ValidationError, match="s3_presigned_expiry_seconds"):
        ApiSettings.model_validate({"s3_presigned_expiry_seconds": seconds})


def test_the_page_of_settings_says_what_the_settings_say() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page()
