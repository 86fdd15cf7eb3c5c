"""What `python -m api.access` does, each a transaction. A key is printed when it is made, and never again."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from api.access import quotas, repository
from api.access.keys import KeyKind
from api.access.secrets import AccessSecrets
from shared.models import ApiKey, Scope

_OVERLAP_HOURS = 24.0
_NAME_CHARACTERS = 100
_MOST = 999_999_999_999_999  # the largest number in a header (RFC 9651); PostgreSQL takes it too
_Command = Callable[[Session, AccessSecrets, argparse.Namespace], Sequence[str]]


class CommandError(Exception):
    """The command cannot be done; the text says why."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what is asked for; `command` is the function to run. Ends the program for anything else."""
    parser = argparse.ArgumentParser("python -m api.access", description="Apps and their API keys.")
    commands = parser.add_subparsers(required=True)

    create = _add(commands.add_parser("create", help="make a key, and its app if it is new"), _create)
    create.add_argument("app", type=_name, help="the app's name")
    create.add_argument("--label", type=_line, default="", help="what the key is for")
    create.add_argument("--scopes", type=_scopes, default=[Scope.CHAT], help="chat, operate; by default chat")
    create.add_argument("--test", action="store_true", help="a key that APP_ENV=prod refuses")
    create.add_argument("--days", type=_positive, help="how long it works; for ever if not given")

    _add(commands.add_parser("list", help="show all keys"), _list)

    rotate = _add(commands.add_parser("rotate", help="make a key that takes the place of another"), _rotate)
    rotate.add_argument("key", type=UUID, help="the old key's id")
    rotate.add_argument(
        "--overlap-hours", type=_positive, default=_OVERLAP_HOURS, help="how long the old one still works"
    )

    revoke = _add(commands.add_parser("revoke", help="stop a key and the tokens it asked for"), _revoke)
    revoke.add_argument("key", type=UUID, help="the key's id")

    quota = _add(commands.add_parser("quota", help="give an app quotas of its own"), _quota)
    quota.add_argument("app", help="the app's name")
    quota.add_argument(
        "values",
        nargs="*",
        type=_quota_value,
        help=f"NAME=NUMBER, or NAME= for the setting's; of {', '.join(quotas.NAMES)}",
    )
    return parser.parse_args(arguments)


def _add(parser: argparse.ArgumentParser, command: _Command) -> argparse.ArgumentParser:
    parser.set_defaults(command=command)
    return parser


def _create(session: Session, secrets: AccessSecrets, asked: argparse.Namespace) -> Sequence[str]:
    is_new = repository.find_app(session, asked.app) is None
    row, key = repository.create_key(
        session,
        secrets,
        app_id=repository.app_named(session, asked.app).id,
        label=asked.label,
        kind=KeyKind.TEST if asked.test else KeyKind.LIVE,
        scopes=asked.scopes,
        lifetime=None if asked.days is None else timedelta(days=asked.days),
    )
    return [*_made(row, key), *([f"There was no app {asked.app!r}: it is new."] if is_new else [])]


def _list(session: Session, _: AccessSecrets, __: argparse.Namespace) -> Sequence[str]:
    lines = ["id                                    app  key  scopes  secret  made  last used  state"]
    for app, key in repository.keys(session):
        shown = (
            str(key.id),
            app.name,
            f"{key.start}… {key.label}".strip(),
            ",".join(key.scopes),
            str(key.secret_version),
            _moment(key.created_at),
            _moment(key.last_used_at),
            _state(key),
        )
        lines.append("  ".join(shown))
    return lines


def _rotate(session: Session, secrets: AccessSecrets, asked: argparse.Namespace) -> Sequence[str]:
    made = repository.rotate_key(session, secrets, asked.key, overlap=timedelta(hours=asked.overlap_hours))
    if made is None:
        raise CommandError(f"There is no key {asked.key} that works.")
    return [*_made(*made), f"The old key works for {asked.overlap_hours:g} h more."]


def _revoke(session: Session, _: AccessSecrets, asked: argparse.Namespace) -> Sequence[str]:
    if not repository.revoke_key(session, asked.key):
        raise CommandError(f"There is no key {asked.key}.")
    return [f"{asked.key} stops within 5 s, and so do the learner tokens it asked for."]


def _quota(session: Session, _: AccessSecrets, asked: argparse.Namespace) -> Sequence[str]:
    app = repository.find_app(session, asked.app)
    if app is None:
        raise CommandError(f"There is no app {asked.app!r}; an app is made with its first key.")
    own = app.quotas | dict(asked.values)
    app.quotas = {name: value for name, value in own.items() if value is not None}
    return [f"{name} = {value}" for name, value in sorted(app.quotas.items())] or ["no quotas of its own"]


def _made(row: ApiKey, key: str) -> Sequence[str]:
    return [key, f"Its id is {row.id}. The key is shown this once: keep it as you keep a password."]


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {_moment(key.revoked_at)}"
    if key.expires_at is None:
        return "works"
    return f"{'expired' if key.has_expired else 'until'} {_moment(key.expires_at)}"


def _scopes(text: str) -> list[Scope]:
    try:
        return [Scope(each.strip()) for each in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be of {', '.join(Scope)}, separated by commas") from None


def _line(text: str) -> str:
    if not text.isprintable() or len(text) > _NAME_CHARACTERS:
        raise argparse.ArgumentTypeError(f"must be at most {_NAME_CHARACTERS} printable characters")
    return text


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be blank")
    return _line(text)


def _positive(text: str) -> float:
    with suppress(ValueError):
        number = float(text)
        if 0 < number < 100_000:
            return number
    raise argparse.ArgumentTypeError("must be a positive number, less than 100000")


def _quota_value(text: str) -> tuple[str, int | None]:
    name, is_given, value = text.partition("=")
    if not is_given or name not in quotas.NAMES:
        raise argparse.ArgumentTypeError(f"must be NAME=NUMBER, of {', '.join(quotas.NAMES)}")
    if not value:
        return name, None
    with suppress(ValueError):
        number = int(value)
        if 1 <= number <= _MOST:
            return name, number
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_MOST}")
