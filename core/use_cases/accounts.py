"""Accounts: who may see which, and what the balance screen shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from core.clock import Clock
from core.errors import NoRegisteredPhone, NotLinked, UnknownAccount
from core.ids import AccountId, Payer
from core.messages.notices import Balance, BalanceLine
from core.money import Money
from core.profile import Profile
from core.states import Access, TransferKind
from core.storage.batch import Batch
from core.storage.database import Database, Transaction
from core.storage.tables import account, account_phone, ledger_account, ledger_transfer, link
from core.use_cases.account_screen import AccountScreen, account_screen
from core.use_cases.accrual import month_start
from core.use_cases.balances import Service
from core.use_cases.subscribers import is_phone

LINES_IN_SMS = 3  # accounts told in one SMS

FEES = (
    select(func.coalesce(func.sum(ledger_transfer.c.amount), 0))
    .where(
        ledger_transfer.c.debit == account.c.id,
        ledger_transfer.c.at >= bindparam("month"),
        ledger_transfer.c.kind == TransferKind.FEE,
    )
    .scalar_subquery()
)
_SCREENS = select(
    account.c.id,
    account.c.number,
    account.c.tariff,
    account.c.tariff_next,
    account.c.state,
    account.c.accrued_until,
    account.c.negative_since,
    ledger_account.c.balance,
    FEES.label("fees"),
).join(ledger_account, ledger_account.c.id == account.c.id)
# The balance is what people ask for most: its statements are built once.
_SCREEN_OF_ACCOUNT = _SCREENS.where(account.c.id == bindparam("of"))
_SCREENS_OF_PHONES = (
    _SCREENS.add_columns(account_phone.c.msisdn)
    .join(account_phone, account_phone.c.account_id == account.c.id)
    .where(account_phone.c.msisdn.in_(bindparam("phones", expanding=True)))
    .order_by(account.c.number)
)


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    id: AccountId
    number: str
    access: Access
    tariff: str | None


class Accounts:
    def __init__(self, database: Database, profile: Profile, clock: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._of_phones: Batch[str, Sequence[AccountScreen]] = Batch(self._screens_of_phones)

    async def screen(self, account_id: AccountId) -> AccountScreen:
        """The balance screen; the caller has made sure that the reader may see it."""
        async with self._database.read() as tx:
            return await read_screen(tx, account_id, self._profile, self._clock.now())

    async def linked(self, payer: Payer) -> list[LinkedAccount]:
        """The accounts that a person may see, by number."""
        async with self._database.read() as tx:
            rows = await _linked_rows(tx, payer)
        return [
            LinkedAccount(row.id, row.number, row.access, tariff_name(self._profile, row.tariff))
            for row in rows
        ]

    async def of_phone(self, msisdn: str) -> list[AccountId]:
        return [each.id for each in await self.linked(Payer.sms(msisdn))]

    async def balance_by_sms(self, payer: Payer, number: str | None) -> Balance:
        """What `баланс` of a registered phone is answered: its accounts, or the one asked for.

        Raises NoRegisteredPhone; NotLinked where the account is another's or is none: the two
        are not told apart.
        """
        screens = await self._of_phones.put(payer.address)
        if not screens:
            raise NoRegisteredPhone
        if number is not None:
            screens = [screen for screen in screens if screen.number == number]
            if not screens:
                raise NotLinked
        lines = [
            BalanceLine(each.number, each.balance, each.days_until_block, each.recommended)
            for each in screens[:LINES_IN_SMS]
        ]
        return Balance(lines=lines, more=len(screens) - len(lines))

    async def _screens_of_phones(self, phones: Sequence[str]) -> Sequence[Sequence[AccountScreen]]:
        now = self._clock.now()
        asked = {"phones": sorted(set(phones)), "month": month_start(now, self._profile.zone)}
        async with self._database.read() as tx:
            rows = await tx.all(_SCREENS_OF_PHONES, asked)
        found: dict[str, list[AccountScreen]] = {phone: [] for phone in phones}
        for row in rows:
            found[row.msisdn].append(screen_of(row, self._profile, now))
        return [found[phone] for phone in phones]


async def read_screen(
    tx: Transaction, account_id: AccountId, profile: Profile, now: datetime
) -> AccountScreen:
    """The account screen as of `now`: what is posted, less what has run up since."""
    asked = {"of": account_id, "month": month_start(now, profile.zone)}
    return screen_of(await tx.one(_SCREEN_OF_ACCOUNT, asked), profile, now)


def screen_of(row: Any, profile: Profile, now: datetime) -> AccountScreen:
    service, zone = Service.of(row, profile), profile.zone
    since, fees = month_start(now, zone), service.run(Money(row.balance), now, zone)
    running = Money(sum(fee.amount.kopecks for fee in fees))
    this_month = Money(sum(fee.amount.kopecks for fee in fees if fee.start >= since))
    return account_screen(
        Money(row.balance) - running,
        Money(int(row.fees)) + this_month,
        service.tariff,
        now,
        service.state,
        zone=zone,
        number=row.number,
        tariff_next=service.tariff_next,
    )


async def access_to(tx: Transaction, payer: Payer, account_id: AccountId) -> Access | None:
    """What a person may do on an account; None where nothing ties the two."""
    return next((row.access for row in await _linked_rows(tx, payer) if row.id == account_id), None)


async def account_asked_for(tx: Transaction, number: str | None) -> AccountId | None:
    """The account that staff name, None where they name none; raises UnknownAccount."""
    if number is None:
        return None
    found = await tx.scalar(select(account.c.id).where(account.c.number == number.lstrip("0")))
    if found is None:
        raise UnknownAccount(number)
    return AccountId(found)


async def is_linked(tx: Transaction, payer: Payer, account_id: AccountId) -> bool:
    return any(row.id == account_id for row in await _linked_rows(tx, payer))


async def _linked_rows(tx: Transaction, payer: Payer) -> list[Any]:
    columns = (account.c.id, account.c.number, account.c.tariff)
    if is_phone(payer):
        rows = await tx.all(
            select(*columns)
            .join(account_phone, account_phone.c.account_id == account.c.id)
            .where(account_phone.c.msisdn == payer.address)
            .order_by(account.c.number)
        )
        return [_ReadOnly(row.id, row.number, row.tariff) for row in rows]
    return await tx.all(
        select(*columns, link.c.access)
        .join(link, link.c.account_id == account.c.id)
        .where(
            link.c.channel == payer.channel,
            link.c.address == payer.address,
            link.c.ended_at.is_(None),
        )
        .order_by(account.c.number)
    )


@dataclass(frozen=True, slots=True)
class _ReadOnly:
    """A registered phone sees its accounts, and changes nothing on them."""

    id: AccountId
    number: str
    tariff: str | None
    access: Access = Access.READ


def tariff_name(profile: Profile, code: str | None) -> str | None:
    tariff = profile.tariff(code)
    return None if tariff is None else tariff.name
