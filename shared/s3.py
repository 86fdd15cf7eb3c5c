"""Audio in a private S3 bucket, or in a store that speaks the same protocol.

Every call ends in time: botocore bounds each wait, and a thread of our own bounds the whole, since an
answer that drips would keep botocore waiting for ever. boto3 is imported only where S3 is set.
"""

import logging
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from shared.circuit_breaker import CircuitBreaker
from shared.settings import S3Settings
from shared.storage import StorageError, content_type_of
from shared.threads import ContextThreads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
else:
    S3Client = Any

logger = logging.getLogger(__name__)

CALL_SECONDS = 6.0
"""The longest call, second try included: far within a step's limit, and bearable for whoever uploads."""

BREAK_SECONDS = 10.0
"""How long nothing is written after a write that failed."""

_CONNECT_SECONDS = 2
_READ_SECONDS = 3
_TRIES = 2
_THREADS = 16
_CODE = re.compile(r"[A-Za-z0-9]{1,64}")

Answer = TypeVar("Answer")


class S3AudioStore:
    """Audio objects under their names in one bucket. Thread-safe; its client is made in the background."""

    def __init__(self, settings: S3Settings, *, break_seconds: float = BREAK_SECONDS) -> None:
        self._bucket = settings.bucket
        self._threads = ContextThreads(_THREADS, "s3")
        self._client = self._threads.submit(_create_client, settings)
        self._breaker = CircuitBreaker(break_seconds)

    def write(self, name: str, data: bytes) -> None:
        """Write the object. Raises `StorageError`, and at once for a while after it did."""
        if self._breaker.is_open:
            raise StorageError("The audio could not be stored.")
        content_type = content_type_of(name)
        try:
            self._call(
                lambda client: client.put_object(
                    Bucket=self._bucket, Key=name, Body=data, ContentType=content_type
                )
            )
        except StorageError:
            self._breaker.trip()
            raise

    def read(self, name: str) -> bytes:
        """Return the object's bytes. Raises `StorageError`."""
        return self._call(lambda client: client.get_object(Bucket=self._bucket, Key=name)["Body"].read())

    def remove(self, names: Sequence[str]) -> None:
        """Remove the objects, 1,000 at most, those that exist. Raises `StorageError` unless all are gone."""
        if not names:
            return
        answer = self._call(
            lambda client: client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
            )
        )
        if answer.get("Errors"):
            logger.warning("S3 kept %d of %d objects", len(answer["Errors"]), len(names))
            raise StorageError("The audio could not be removed.")

    def check(self) -> None:
        """Raise `StorageError` where the bucket cannot be reached."""
        self._call(lambda client: client.head_bucket(Bucket=self._bucket))

    def url(self, name: str, expires_at: datetime) -> str:
        """Return a presigned GET URL, valid until `expires_at` or for a second at least. Calls no server."""
        seconds = max(1, int(expires_at.timestamp()) - int(time.time()))
        return self._client.result().generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": name}, ExpiresIn=seconds
        )

    def address(self) -> str:
        """Return the URL with which those of all objects begin, a slash at its end. Calls no server."""
        name = "object.mp3"
        return self.url(name, datetime.now(UTC)).partition("?")[0].removesuffix(name)

    def close(self) -> None:
        """Abandon the threads; a hung one does not delay the process's end beyond botocore's own limits."""
        self._threads.give_up()

    def _call(self, ask: Callable[[S3Client], Answer]) -> Answer:
        asked = self._threads.submit(self._ask, ask)
        try:
            return asked.result(CALL_SECONDS)
        except TimeoutError as error:
            asked.cancel()
            logger.warning("S3 does not answer in time")
            raise StorageError("The audio storage does not answer.") from error

    def _ask(self, ask: Callable[[S3Client], Answer]) -> Answer:
        try:
            return ask(self._client.result())
        except Exception as error:
            # botocore, urllib3 and the answer's parser raise what they like; none of it may cross.
            logger.warning("a call to S3 failed: %s", _reason(error))
            raise StorageError("The audio storage does not answer.") from error


def _create_client(settings: S3Settings) -> S3Client:
    import boto3  # noqa: PLC0415 - takes half a second and 15 MB
    from botocore.config import Config  # noqa: PLC0415

    own = settings.endpoint_url
    config = Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        max_pool_connections=_THREADS,
        # Amazon's own addresses name the bucket and the region; a compatible store may have no such names.
        s3={"addressing_style": "path" if own else "virtual"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(
        aws_access_key_id=settings.access_key_id.get_secret_value(),
        aws_secret_access_key=settings.secret_access_key.get_secret_value(),
        region_name=settings.region,
    )
    return session.client("s3", endpoint_url=own, config=config)


def _reason(error: Exception) -> str:
    """Return the error's class, and S3's code for it: its text may quote what was signed."""
    answer = getattr(error, "response", None)
    code = str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
    return type(error).__name__ + (f" ({code})" if _CODE.fullmatch(code) else "")
