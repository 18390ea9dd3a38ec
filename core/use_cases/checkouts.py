"""Checkouts: an address of ours that leads on to the provider's page while its payment is open."""

import hmac
from uuid import UUID

from sqlalchemy import select

from core.errors import LinkExpired
from core.payments.choice import Providers
from core.states import PaymentState
from core.storage.database import Database
from core.storage.tables import payment
from core.use_cases.payments import Payments

KEY_LETTERS = 32  # the payment's id in hex, which finds the row; what follows it is the secret


class Checkouts:
    def __init__(self, database: Database, providers: Providers, payments: Payments) -> None:
        self._database = database
        self._providers = providers
        self._payments = payments

    async def open(self, token: str) -> str:
        """The provider's page for the payment that the token was made for.

        Raises LinkExpired for a token that is none, and once the payment is paid or given up.
        Looking uses nothing up: messengers open links to preview them.
        """
        try:
            key = UUID(token[:KEY_LETTERS])
        except ValueError:
            raise LinkExpired from None
        async with self._database.read() as tx:
            row = await tx.first(select(payment).where(payment.c.id == key))
        if row is None or row.state != PaymentState.PENDING or row.provider not in self._providers:
            raise LinkExpired
        given = (row.checkout_url or "").rpartition("/")[2]
        if not hmac.compare_digest(given.encode(), token.encode("utf-8", "replace")):
            raise LinkExpired
        return self._providers[row.provider].checkout_page(await self._payments.charge_of(row))
