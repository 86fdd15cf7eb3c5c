"""S3 for tests: a real server that checks signatures and expiry, and one that is in trouble as told."""

import secrets
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pydantic import SecretStr

from local.embedded import EmbeddedServer
from local.ports import LOOPBACK
from local.processes import Process
from shared.s3 import S3AudioStore
from shared.settings import S3Settings

BUCKET = "recordings"
REGION = "ap-south-1"
KEY_ID = "KEYIDFORTESTS"


class S3Server(EmbeddedServer):
    """rclone serving a folder as S3; a bucket is a folder in it, an object a file."""

    name = "s3"
    stop_signal = signal.SIGTERM

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.secret = secrets.token_urlsafe(24)
        self.bucket = self.directory / "buckets" / BUCKET

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def settings(self) -> S3Settings:
        return s3_settings(self.url, self.secret)

    def environment(self) -> dict[str, str]:
        """Return the settings by which a program stores its audio here."""
        return {
            "S3_BUCKET_NAME": BUCKET,
            "S3_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }

    def objects(self) -> set[str]:
        """Return the names of the bucket's objects."""
        return {path.name for path in self.bucket.iterdir()}

    def _prepare(self) -> None:
        self.bucket.mkdir(parents=True, exist_ok=True)

    def _launch(self) -> Process:
        rclone = shutil.which("rclone", path=str(Path(sys.executable).parent))
        assert rclone is not None
        # Without --no-cleanup a bucket vanishes with its last object; without a cache, objects come and go.
        how = ("--config", "", "--no-cleanup", "--dir-cache-time", "0")
        address = ("--addr", f"{LOOPBACK}:{self.port}", "--auth-key", f"{KEY_ID},{self.secret}")
        command = [rclone, "serve", "s3", *how, *address, str(self.bucket.parent)]
        return self._spawn(command, signal.SIGKILL)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1):
            return True
        return False


@dataclass(frozen=True)
class Trouble:
    """How every request is answered. Times are in seconds: before the answer, and between its bytes."""

    status: int = 500
    body: bytes = b""
    wait: float = 0.0
    drip: float = 0.0


def refusal(status: int, code: str) -> Trouble:
    """Answer with an error as S3 words it."""
    return Trouble(status, f"<Error><Code>{code}</Code><Message>{code}.</Message></Error>".encode())


class TroubledS3:
    """Counts what it is asked, and answers none of it well."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.asked = 0
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["TroubledS3"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler(server: TroubledS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            trouble = server.trouble
            server.asked += 1
            with suppress(OSError):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.closing.wait(trouble.wait)
                self.send_response(trouble.status)
                self.send_header("Content-Length", str(len(trouble.body)))
                self.end_headers()
                for place in range(len(trouble.body)):
                    self.wfile.write(trouble.body[place : place + 1])
                    self.wfile.flush()
                    server.closing.wait(trouble.drip)
            self.close_connection = True

        def __getattr__(self, method: str) -> Callable[[], None]:
            if method.startswith("do_"):
                return self.answer
            raise AttributeError(method)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    return Handler


def s3_settings(url: str, secret: str = "secret-for-tests") -> S3Settings:  # noqa: S107 - of a test's own
    """Return the settings of a bucket at this address."""
    return S3Settings(BUCKET, REGION, SecretStr(KEY_ID), SecretStr(secret), url)


@contextmanager
def s3_store(settings: S3Settings, **changes: object) -> Iterator[S3AudioStore]:
    """A store with these settings, changed as given."""
    store = S3AudioStore(replace(settings, **changes))  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()
