"""`python -m local.settings_page`: writes docs/settings.md from the settings classes."""

import os
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from local.settings import LauncherSettings
from shared.settings import AppEnv, SharedSettings
from worker.settings import FlowerSettings, WorkerSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

_PROGRAMS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("Every program", SharedSettings),
    ("API", ApiSettings),
    ("Workers", WorkerSettings),
    ("Flower", FlowerSettings),
    ("`make run`", LauncherSettings),
)
_REQUIRED_IN_PROD = {"access_secrets": "-" * 32, "audio_signing_key": "-", "flower_basic_auth": "-:-"}
_HEAD = """# Settings

`make settings` writes this page from the settings classes. Change the descriptions there, not this page.

Set environment variables, or write a file `.env` beside the Makefile (see `.env.example`).
An empty value counts as unset. Durations are in seconds.
Where a setting has two defaults, the first is for `APP_ENV=dev`, the second for `prod`.
"""


def page() -> str:
    """Return the page: one table per program; a setting that programs share is in the first only."""
    parts, told = [_HEAD], set[str]()
    for title, settings_class in _PROGRAMS:
        own = [name for name in settings_class.model_fields if name not in told]
        told.update(own)
        rows = [_row(settings_class, name) for name in own]
        parts.append(
            "\n".join([f"\n## {title}\n", "| name | default | meaning |", "| --- | --- | --- |", *rows])
        )
    return "\n".join(parts) + "\n"


def _row(settings_class: type[BaseSettings], name: str) -> str:
    defaults = list(dict.fromkeys(_default(settings_class, name, env) for env in AppEnv))
    meaning = settings_class.model_fields[name].description or ""
    return f"| `{name.upper()}` | {'; '.join(defaults)} | {meaning} |"


def _default(settings_class: type[BaseSettings], name: str, env: AppEnv) -> str:
    """Return the default that applies when only `APP_ENV` and the settings it requires are set."""
    required = _REQUIRED_IN_PROD if env is AppEnv.PROD else {}
    if name in required:
        return "required"
    if name == "app_env" or "app_env" not in settings_class.model_fields:
        return _shown(settings_class.model_fields[name].default)
    known = {key: value for key, value in required.items() if key in settings_class.model_fields}
    return _shown(getattr(settings_class.model_validate({"app_env": env, **known}), name))


def _shown(value: object) -> str:
    if value in (None, "", []) or isinstance(value, SecretStr):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else f"`{value}`"


def main() -> None:
    """Write the page."""
    for name in list(os.environ):  # a value from the environment is not a default
        if name.lower() in {field for _, program in _PROGRAMS for field in program.model_fields}:
            del os.environ[name]
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
