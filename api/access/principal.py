"""Who asks, and what they reach. Routes and services take this, never a bare `user_id`."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from api.access.quotas import Quotas
from api.http.problems import InvalidRequestError
from shared.errors import DomainError, ErrorCode
from shared.learners import LearnerRef
from shared.models import Scope


class UnauthenticatedError(DomainError):
    """No credential, or one that is not good: mistyped, unknown, expired or revoked."""

    code = ErrorCode.UNAUTHENTICATED


class InsufficientScopeError(DomainError):
    """The credential is good, but not for this."""

    code = ErrorCode.INSUFFICIENT_SCOPE


class WrongUserError(DomainError):
    """A learner's token was sent with another learner's `user_id`."""

    code = ErrorCode.WRONG_USER


class Reach(NamedTuple):
    """Whose jobs are meant: an app's, or if `user_id` is given, those of one of its learners.

    `app_id` is None where a signed link has said which job it opens.
    """

    app_id: UUID | None
    user_id: str | None

    def covers(self, app_id: UUID, user_id: str) -> bool:
        """Tell whether what belongs to this learner of this app is within reach."""
        return self.app_id in {None, app_id} and self.user_id in {None, user_id}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    `user_id` is set for a learner with a token of their own. `key_id` is the app's key, or the one that asked
    for the token; None with `ACCESS=open`. `caller` names, for limits, whoever shares them.
    """

    app_id: UUID
    scopes: frozenset[Scope]
    quotas: Quotas
    caller: str
    user_id: str | None = None
    key_id: UUID | None = None

    def require(self, scope: Scope) -> None:
        """Raise `InsufficientScopeError` without this scope."""
        if scope not in self.scopes:
            raise InsufficientScopeError(f"This credential lacks the scope `{scope}`.")

    def sharer(self, learner: LearnerRef) -> str:
        """Return whose share of the decoders a learner's recording takes.

        With `ACCESS=open` the address's: anyone can make up any number of learners.
        """
        return self.caller if self.key_id is None else f"learner {learner.app_id} {learner.user_id}"

    @property
    def most_arriving(self) -> int | None:
        """How many recordings the caller may be sending at a time.

        None where only the form, once it is there, says which learner's it is.
        """
        return None if self.user_id is None else self.quotas.uploads

    def learner(self, user_id: str | None) -> LearnerRef:
        """Return the learner that is meant: the one who is named, or the token's own.

        Raises `WrongUserError`, and `InvalidRequestError` where nobody is named.
        """
        named = self._only_own(user_id)
        if named is None:
            raise InvalidRequestError("user_id: Field required")
        return LearnerRef(self.app_id, named)

    def reach(self, user_id: str | None) -> Reach:
        """Return whose jobs are meant: without a name, all of the app's, or the token's own learner's.

        Raises `WrongUserError`.
        """
        return Reach(self.app_id, self._only_own(user_id))

    def _only_own(self, user_id: str | None) -> str | None:
        if self.user_id is not None and user_id not in {None, self.user_id}:
            raise WrongUserError("This token is another learner's.")
        return self.user_id or user_id
