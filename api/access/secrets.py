"""The versioned secrets behind keys, tokens and pseudonyms, each with a key of its own derived from them."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.learners import LearnerRef


@dataclass(frozen=True, slots=True)
class AccessSecrets:
    """Secrets by version. What is made uses `newest`; what was made under another of them is still accepted.

    To rotate: add the new version last in every process, move it first, and remove the old one once nothing
    made under it is in use (docs/operations.md).
    """

    newest: int
    by_version: Mapping[int, bytes]

    def digests(self, key: str) -> dict[int, str]:
        """Return by version what may be stored of an API key."""
        return {version: self._digest(version, key) for version in self.by_version}

    def digest(self, key: str) -> str:
        """Return what is stored of a new API key."""
        return self._digest(self.newest, key)

    def signing_key(self, version: int) -> bytes | None:
        """Return the key that signs learner tokens under this version; None for an unknown version."""
        return self._derive(version, b"learner-token") if version in self.by_version else None

    def pseudonym(self, learner: LearnerRef) -> str:
        """Return what stands for a learner in logs and for an erased one: nobody can undo it."""
        return self._pseudonym(self.newest, learner)

    def is_pseudonym(self, text: str, learner: LearnerRef) -> bool:
        """Tell whether the text stands for the learner under any version."""
        return any(hmac.compare_digest(self._pseudonym(each, learner), text) for each in self.by_version)

    def _digest(self, version: int, key: str) -> str:
        return hmac.new(self._derive(version, b"api-key"), key.encode(), hashlib.sha256).hexdigest()

    def _pseudonym(self, version: int, learner: LearnerRef) -> str:
        named = f"{UUID(str(learner.app_id))}\n{learner.user_id}".encode()
        return hmac.new(self._derive(version, b"pseudonym"), named, hashlib.sha256).hexdigest()[:32]

    def _derive(self, version: int, purpose: bytes) -> bytes:
        return hmac.new(self.by_version[version], purpose, hashlib.sha256).digest()
