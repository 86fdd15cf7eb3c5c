"""Learner tokens: JWTs (RFC 7519) that an app's server asks for with its key and hands to one learner.

HS256 alone: the algorithm is ours, never the token's. The header's `kid` names the secret's version.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from pydantic import TypeAdapter

from api.access.secrets import AccessSecrets
from api.schemas import UserId
from shared.learners import LearnerRef

ALGORITHM = "HS256"
_ISSUER = "english-practice"
_AUDIENCE = "english-practice:learner"
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "app", "key"]
_LONGEST = 2048
_USER_ID: TypeAdapter[str] = TypeAdapter(UserId)


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token says: for which learner it is, and which key asked for it."""

    learner: LearnerRef
    key_id: UUID


@dataclass(frozen=True, slots=True)
class LearnerTokens:
    """Makes and reads tokens."""

    secrets: AccessSecrets

    def make(self, learner: LearnerRef, key_id: UUID, lifetime: timedelta) -> tuple[str, datetime]:
        """Return a token for the learner, and until when it works, in whole seconds."""
        now = datetime.now(UTC).replace(microsecond=0)
        key = self.secrets.signing_key(self.secrets.newest)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": learner.user_id,
            "app": str(learner.app_id),
            "key": str(key_id),
            "iat": now,
            "exp": now + lifetime,
        }
        headers = {"kid": str(self.secrets.newest)}
        return jwt.encode(claims, key or b"", algorithm=ALGORITHM, headers=headers), now + lifetime

    def read(self, token: str) -> TokenClaims | None:
        """Return what a token of ours that still works says; None for any other text."""
        try:
            key = self._key_of(token)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": _REQUIRED},
            )
            user_id = _USER_ID.validate_python(claims["sub"])
            return TokenClaims(LearnerRef(UUID(claims["app"]), user_id), UUID(claims["key"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            return None

    def _key_of(self, token: str) -> bytes | None:
        if len(token) > _LONGEST:
            return None
        version = jwt.get_unverified_header(token).get("kid")
        return self.secrets.signing_key(int(version)) if isinstance(version, str) else None
