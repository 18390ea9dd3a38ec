"""Accounts for tests: a row, a ledger account and an opening balance, as an import makes them."""

from collections.abc import Sequence
from datetime import datetime

import argon2
from sqlalchemy import insert

from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import OPENING, Transfer, of_subscriber
from core.money import ZERO, Money
from core.states import ServiceState, TransferKind
from core.storage.tables import account, account_phone
from core.use_cases import balances
from core.use_cases.balances import Service
from core.wiring import Core

QUICK_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def open_account(
    core: Core,
    number: str = "100080",
    *,
    balance: Money = ZERO,
    tariff: str | None = "moskva",
    tariff_next: str | None = None,
    state: ServiceState = ServiceState.ACTIVE,
    phones: Sequence[str] = (),
    password: str = "",
    accrued_until: datetime | None = None,
) -> AccountId:
    """An account whose login is its number; without a password nobody logs in."""
    owner, now = AccountId(new_id()), core.clock.now()
    since = accrued_until or now
    service = Service(
        account_id=owner,
        tariff=core.profile.tariff(tariff),
        tariff_next=core.profile.tariff(tariff_next),
        state=state,
        accrued_until=since,
        negative_since=since.astimezone(core.profile.zone).date() if balance < ZERO else None,
    )
    row = {
        "id": owner,
        "number": number,
        "login": number,
        "password_hash": QUICK_HASHER.hash(password) if password else "",
        "tariff": tariff,
        "tariff_next": tariff_next,
        "state": state,
        "accrued_until": since,
    } | dict.fromkeys(("holder", "city", "street", "house", "flat", "email"), "")
    async with core.database.transaction() as tx:
        await tx.execute(insert(account).values(row))
        await book.open_subscriber_account(tx, of_subscriber(owner), number=number)
        if balance:
            await book.post(tx, _opening(owner, balance, since))
        await balances.save(tx, service, balance, core.profile, at=since)
        for phone in phones:
            await tx.execute(insert(account_phone).values(account_id=owner, msisdn=phone))
    return owner


def _opening(owner: AccountId, balance: Money, at: datetime) -> Transfer:
    sides = [OPENING.id, of_subscriber(owner)]
    debit, credit = sides if balance > ZERO else reversed(sides)
    return Transfer(
        id=TransferId(new_id()),
        debit=debit,
        credit=credit,
        amount=max(balance, -balance),
        kind=TransferKind.OPENING,
        key=f"opening:{owner}",
        at=at,
    )
