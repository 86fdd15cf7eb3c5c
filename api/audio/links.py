"""Signed, expiring links to audio. Anyone with a link may listen, to that object only."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.audio_stores import AudioStores
from shared.errors import DomainError, ErrorCode
from shared.models import AudioBackend, AudioObject
from shared.storage import is_object_name


class InvalidSignatureError(DomainError):
    """The link was tampered with, or is too old."""

    code = ErrorCode.INVALID_SIGNATURE


class AudioLinks:
    """Makes links to sounds where their rows say they lie, and checks those to our own disk.

    A local one is `{base_url}/audio/{name}?expires=…&signature=…` (HMAC-SHA-256), one to S3 a presigned URL.
    """

    def __init__(  # noqa: PLR0913
        self,
        key: bytes,
        stores: AudioStores,
        *,
        base_url: str,
        base_path: str,
        lifetime: timedelta,
        last_expiry: datetime | None = None,
    ) -> None:
        self._stores = stores
        self._key = key
        self._base_url = base_url
        self.base_path = base_path
        """The API's public path: empty, or with a slash at its beginning and none at its end."""
        self._lifetime = lifetime
        self._last_expiry = last_expiry

    def until(self, expires_at: datetime) -> "AudioLinks":
        """Return the same, none of whose links is good for longer: for whoever has only a link themselves."""
        return AudioLinks(
            self._key,
            self._stores,
            base_url=self._base_url,
            base_path=self.base_path,
            lifetime=self._lifetime,
            last_expiry=expires_at,
        )

    def expiry(self, *, no_later_than: datetime | None = None) -> datetime:
        """Return when a link made now expires, in whole seconds."""
        ends = (datetime.now(UTC) + self._lifetime, no_later_than, self._last_expiry)
        return min(end for end in ends if end is not None).replace(microsecond=0)

    def link(self, audio: AudioObject, expires_at: datetime) -> str | None:
        """Return the link to the object, good until `expires_at`; None where it cannot be reached from here.

        Asks nobody: it lies where its row says.
        """
        if audio.backend is AudioBackend.S3:
            return None if self._stores.s3 is None else self._stores.s3.url(audio.name, expires_at)
        return self.local_link(audio.name, expires_at) if self._stores.holds_file(audio) else None

    def local_link(self, name: str, expires_at: datetime) -> str:
        """Return the link to a file on this host's disk."""
        expires = str(int(expires_at.timestamp()))
        return f"{self._base_url}/audio/{name}?expires={expires}&signature={self._sign(name, expires)}"

    def events_link(self, job_id: UUID) -> str:
        """Return the signed path for following the job: a browser's `EventSource` sends no own headers."""
        expires = str(int(self.expiry().timestamp()))
        signature = self._sign(_events(job_id), expires)
        return f"{self.base_path}/jobs/{job_id}/events?expires={expires}&signature={signature}"

    def check_events(self, job_id: UUID, expires: str, signature: str) -> datetime:
        """Return when the link to the job's events expires.

        Raises `InvalidSignatureError` unless it is one of ours and still good.
        """
        signed = hmac.compare_digest(self._sign(_events(job_id), expires).encode(), signature.encode())
        if not (signed and int(expires) > datetime.now(UTC).timestamp()):
            raise InvalidSignatureError("This link is not valid any more. Read the job again for a new one.")
        return datetime.fromtimestamp(int(expires), UTC)

    def check(self, name: str, expires: str, signature: str) -> None:
        """Raise `InvalidSignatureError` unless the link is one of ours and still good.

        All three come from the client as they are; only what was signed is looked into.
        """
        signed = hmac.compare_digest(self._sign(name, expires).encode(), signature.encode())
        if not (signed and is_object_name(name) and int(expires) > datetime.now(UTC).timestamp()):
            raise InvalidSignatureError(
                "This audio link is not valid any more. Read the job again for a new one."
            )

    def _sign(self, name: str, expires: str) -> str:
        return hmac.new(self._key, f"{name}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _events(job_id: UUID) -> str:
    """Return what is signed for a job's events: no object has such a name."""
    return f"jobs/{job_id}/events"
