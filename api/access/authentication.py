"""Decides who asks, from the `Authorization` header."""

import asyncio
from dataclasses import dataclass

from api.access import keys
from api.access.keyring import Keyring
from api.access.keys import KeyKind
from api.access.principal import Principal, UnauthenticatedError
from api.access.quotas import Quotas
from api.access.rates import RequestRates
from api.access.repository import KeyRecord
from api.access.secrets import AccessSecrets
from api.access.tokens import LearnerTokens, TokenClaims
from shared.models import BUILT_IN_APP_ID, Scope

_NONE_GIVEN = "A credential is needed: the header `Authorization: Bearer …`."
_NOT_GOOD = "This credential is not good, or not any more."
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Authentication:
    """Tells who asks. With `is_open`, whoever asks is believed.

    Refuses test keys unless it `takes_test_keys`.
    """

    is_open: bool
    takes_test_keys: bool
    secrets: AccessSecrets
    keyring: Keyring
    rates: RequestRates
    quotas: Quotas

    @property
    def tokens(self) -> LearnerTokens:
        """What makes and reads learner tokens."""
        return LearnerTokens(self.secrets)

    async def principal(self, authorization: str | None, client: str) -> Principal:
        """Return who asks. `client` is the address they come from.

        A known credential costs no query. Raises `UnauthenticatedError`, `TooManyRequestsError`, and
        `SQLAlchemyError` if the database would have to be asked and does not answer.
        """
        if self.is_open:
            await self.rates.count_of_address(client)
            return Principal(BUILT_IN_APP_ID, frozenset(Scope), self.quotas, f"address {client}")
        scheme, _, credential = (authorization or "").partition(" ")
        kind = keys.kind_of(credential) if scheme.lower() == _SCHEME else None
        if kind is not None:
            return await self._with_key(credential, kind, client)
        claims = self.tokens.read(credential) if scheme.lower() == _SCHEME else None
        if claims is not None:
            return await self._with_token(claims, client)
        await self.rates.count_of_address(client)
        raise UnauthenticatedError(_NONE_GIVEN if authorization is None else _NOT_GOOD)

    async def _with_key(self, key: str, kind: KeyKind, client: str) -> Principal:
        record, digests = None, self.secrets.digests(key).values()
        is_known = self.keyring.knows(digests)
        if not is_known:
            # Before the database is asked: anyone can make up keys of the right form.
            await self.rates.count_of_address(client)
        if kind is KeyKind.LIVE or self.takes_test_keys:
            record = await self.keyring.with_digest(digests)
        if record is None or record.key.has_expired:
            if is_known:
                await self.rates.count_of_address(client)  # no app's share counts it
            raise UnauthenticatedError(_NOT_GOOD)
        row, quotas, caller = record.key, self._quotas(record), f"app {record.key.app_id}"
        await self.rates.count(caller, quotas.requests_of_app)
        return Principal(row.app_id, frozenset(map(Scope, row.scopes)), quotas, caller, key_id=row.id)

    async def _with_token(self, claims: TokenClaims, client: str) -> Principal:
        record = await self.keyring.with_id(claims.key_id)
        if record is None or record.key.app_id != claims.learner.app_id:
            await self.rates.count_of_address(client)
            raise UnauthenticatedError(_NOT_GOOD)
        quotas, caller = self._quotas(record), f"learner {self.secrets.pseudonym(claims.learner)}"
        await asyncio.gather(
            self.rates.count_of_address(client), self.rates.count(caller, quotas.requests_of_learner)
        )
        return Principal(
            record.key.app_id,
            frozenset({Scope.CHAT}),
            quotas,
            caller,
            claims.learner.user_id,
            record.key.id,
        )

    def _quotas(self, record: KeyRecord) -> Quotas:
        return self.quotas.with_overrides(record.quotas) if record.quotas else self.quotas
