"""URLs of PostgreSQL and Redis: read once, at the start, and written so that every library reads them alike.

SQLAlchemy, libpq, redis-py, kombu and Flower each read a login with `@`, `/` or `#` in it differently.
Here the login ends at the URL's last `@`; what is returned has it percent-encoded: all read that alike.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from psycopg.pq import Conninfo
from pydantic import AfterValidator
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_PSYCOPG = "postgresql+psycopg"
_POSTGRES_SCHEMES = {"postgres", "postgresql", _PSYCOPG}
_REDIS_SCHEMES = {"redis", "rediss", "unix"}
# What redis-py and kombu both take; anything else breaks one of them when it connects.
_TLS_PARAMETERS = {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"}
_CERTIFICATE_CHECKS = {"required", "optional", "none"}
_SEVERAL_HOSTS = {"host", "port"}


@dataclass(frozen=True, slots=True)
class _Parts:
    """A URL: `login` is encoded and ends with `@` where there is one, `place` is what follows it."""

    scheme: str
    login: str
    place: str
    query: list[tuple[str, str]]


def masked(url: str) -> str:
    """Return the URL for people to read: without its login and its query, whatever its form."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "(not a URL)"
    login, at, place = rest.rpartition("@")
    if "?" in login:  # the @ may be a parameter's, and what follows it still a secret
        return f"{scheme}://***"
    return f"{scheme}://{'***@' if at else ''}{place.partition('?')[0]}"


def read_database_url(given: str) -> str:
    """Return the URL with the psycopg driver. Raises `ValueError`, in a sentence without the password."""
    parts = _split(given)
    if parts.scheme not in _POSTGRES_SCHEMES:
        raise ValueError("must be a postgresql:// URL")
    query = f"?{urlencode(parts.query)}" if parts.query else ""
    url = f"{_PSYCOPG}://{parts.login}{parts.place}{query}"
    try:
        psycopg_arguments(url)
    except (ArgumentError, ValueError):
        raise ValueError("must have the form postgresql://user:password@host:port/database") from None
    names = [name for name, _ in parts.query]
    if "pgbouncer" in names:
        raise ValueError(
            "must not have pgbouncer: a pooler of transactions breaks LISTEN, so name PostgreSQL itself "
            "or a pooler of sessions"
        )
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    _refuse_parameters(names, known, several=_SEVERAL_HOSTS)
    return url


def read_redis_url(given: str) -> str:
    """Return the URL as redis-py, kombu and Flower all read it. Raises `ValueError` as the above.

    `rediss://` checks the server's certificate unless it says otherwise: kombu alone would not.
    """
    parts = _split(given)
    if parts.scheme not in _REDIS_SCHEMES:
        raise ValueError("must be a redis://, rediss:// or unix:// URL")
    names = [name for name, _ in parts.query]
    _refuse_parameters(names, {"db"} | (_TLS_PARAMETERS if parts.scheme == "rediss" else set()))
    query = dict(parts.query)
    if parts.scheme == "unix":
        if not parts.place.startswith("/"):
            raise ValueError("must name an absolute path, as unix:///run/redis.sock")
        return f"unix://{parts.login}{parts.place}?db={_database_number(query.get('db', '0'))}"
    host, database = _host_and_database(parts.place)
    number = _database_number(query.pop("db", database))
    if parts.scheme == "rediss":
        query = {"ssl_cert_reqs": "required"} | query
        if query["ssl_cert_reqs"] not in _CERTIFICATE_CHECKS:
            raise ValueError("must say required, optional or none in ssl_cert_reqs")
    tail = f"?{urlencode(query)}" if query else ""
    return f"{parts.scheme}://{parts.login}{host}/{number}{tail}"


def psycopg_arguments(database_url: str) -> dict[str, Any]:
    """Return what psycopg connects with, as SQLAlchemy reads it. Raises `ArgumentError`, `ValueError`."""
    dialect: Any = PGDialect_psycopg
    arguments: dict[str, Any] = dialect().create_connect_args(make_url(database_url))[1]
    return arguments


def broker_url(redis_url: str) -> str:
    """Return what `read_redis_url` returned as Celery wants it: it has names of its own for Unix sockets."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


DatabaseUrl = Annotated[str, AfterValidator(read_database_url)]
RedisUrl = Annotated[str, AfterValidator(read_redis_url)]


def _split(url: str) -> _Parts:
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if "?" in login:
        raise ValueError("must have ? in its login written as %3F, and @ in its parameters as %40")
    user, colon, password = login.partition(":")
    encoded = quote(unquote(user), safe="") + colon + quote(unquote(password), safe="") + at
    place, _, query = place.partition("?")
    return _Parts(scheme, encoded, place, parse_qsl(query, keep_blank_values=True))


def _refuse_parameters(
    names: list[str], known: set[str], *, several: frozenset[str] | set[str] = frozenset()
) -> None:
    for name in names:
        if name not in known:
            what = f"the parameter {name}" if name.isidentifier() else "a parameter"
            raise ValueError(f"has {what}, which is not understood here")
        if names.count(name) > 1 and name not in several:
            raise ValueError(f"has the parameter {name} more than once")


def _host_and_database(place: str) -> tuple[str, str]:
    try:
        address = urlsplit(f"//{place}")
        host, port = address.hostname or "localhost", address.port
    except ValueError:
        raise ValueError("must have the form redis://user:password@host:port/0") from None
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}", place.partition("/")[2] or "0"


def _database_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("must name a database by its number, as redis://localhost:6379/0")
    return int(text)
