"""Settings of who may ask."""

import contextlib
import re
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from api.access.secrets import AccessSecrets
from shared.settings import AppEnv, SharedSettings

_SECRET_MIN_CHARACTERS = 32
_VERSIONED = re.compile(r"(?:(\d{1,9}):)?(.+)", re.DOTALL)


class Access(StrEnum):
    """Who may ask: anyone, who is believed, or only who has a credential."""

    OPEN = "open"
    KEYS = "keys"


class AccessSettings(SharedSettings):
    """What `python -m api.access` needs, beside the database."""

    access: Access | None = Field(
        default=None,
        description="`open`: no credential is needed, and `user_id` is believed. `keys`: an app's key or a "
        "learner's token is. Unset: `open` in dev, `keys` in prod",
    )
    access_secrets: SecretStr | None = Field(
        default=None,
        description="secrets behind API keys, learner tokens and pseudonyms, the same in every API process: "
        "`VERSION:SECRET`, separated by commas, the newest first, each of at least 32 characters. Required "
        "in prod, generated once under `DATA_DIR` in dev",
    )

    @model_validator(mode="after")
    def _require_secrets_in_prod(self) -> Self:
        self.access = self.access or (Access.KEYS if self.app_env is AppEnv.PROD else Access.OPEN)
        if self.access_secrets is not None:
            _parsed(self.access_secrets.get_secret_value())
        elif self.app_env is AppEnv.PROD:
            # With `ACCESS=open` too: pseudonyms must be the same at every host.
            raise ValueError("ACCESS_SECRETS is required when APP_ENV=prod")
        return self

    @property
    def is_open(self) -> bool:
        """Whether no credential is needed."""
        return self.access is Access.OPEN

    def secrets(self) -> AccessSecrets:
        """Return the secrets; if none are set, one generated under `DATA_DIR`."""
        if self.access_secrets is not None:
            return _parsed(self.access_secrets.get_secret_value())
        return _parsed(generated_secret(self.data_dir / "access_secret").decode())


def generated_secret(path: Path) -> bytes:
    """Return the secret that is kept at `path`, making it the first time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written to a temporary file and linked: processes that start together agree on one complete secret.
        aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(aside)
        aside.unlink()
    return path.read_bytes()


def _parsed(text: str) -> AccessSecrets:
    """Read `VERSION:SECRET`, separated by commas; without a version it is the first."""
    by_version: dict[int, bytes] = {}
    for part in text.split(","):
        found = _VERSIONED.fullmatch(part.strip())
        version, secret = (int(found[1] or 1), found[2]) if found else (1, "")
        if len(secret) < _SECRET_MIN_CHARACTERS:
            raise ValueError(
                f"ACCESS_SECRETS: each secret must have at least {_SECRET_MIN_CHARACTERS} characters"
            )
        if version in by_version:
            raise ValueError(f"ACCESS_SECRETS: version {version} is given more than once")
        by_version[version] = secret.encode()
    return AccessSecrets(next(iter(by_version)), by_version)
