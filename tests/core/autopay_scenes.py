"""What tests of cards and autopay do over and over: a card saved, a mandate agreed to, days that pass."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from core.ids import AccountId, CardId, MandateId, Payer, new_id
from core.money import Money
from core.profile import Profile
from core.settings import Settings
from core.states import Access, Channel
from core.storage.autopay_tables import mandate, mandate_charge
from core.storage.queue import unfinished
from core.storage.tables import link, payment
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Period
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import CHAT, NUMBER, PHONE, quote_by_card, rows
from tests.fakes import FakeClock, FakeProvider

CARD_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
CONSENT = "2026-04"
DAY = timedelta(days=1)
MONTH = EveryDays(30)
FIRST = date(2026, 5, 27)  # 30 days after a payment on the clock's first day
TERMS = Terms(Money.roubles(300), MONTH)
OTHER = Payer.telegram(200)


@pytest.fixture
def with_card_key(settings: Settings) -> Settings:
    """A test module whose core keeps cards says so: `settings = with_card_key`."""
    return settings.model_copy(update={"card_key": SecretStr(CARD_KEY)})


async def linked_account(
    core: Core, payer: Payer = CHAT, *, access: Access = Access.FULL, **more: Any
) -> AccountId:
    """An account without a tariff, and a person linked to it."""
    owner = await open_account(core, tariff=None, **more)
    await link_to(core, owner, payer, access=access)
    return owner


async def link_to(
    core: Core, owner: AccountId, payer: Payer, *, access: Access = Access.FULL, phone: str | None = None
) -> None:
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(link).values(
                id=new_id(), channel=payer.channel, address=payer.address, account_id=owner,
                access=access, phone=phone, linked_at=core.clock.now(),
            )
        )  # fmt: skip


async def pay_and_save(
    core: Core, provider: FakeProvider, roubles: int = 300, *, payer: Payer = CHAT
) -> CardId:
    """A payment on the card page with "remember my card"; the newest card."""
    quote = await quote_by_card(core, roubles, payer=payer)
    await core.top_ups.confirm(quote.id, by=payer, screen="7", save_card=True)
    (row,) = await rows(core, payment, top_up_id=quote.id)
    await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
    return (await core.cards.of(payer))[0].id


async def connect(
    core: Core,
    owner: AccountId,
    *,
    payer: Payer = CHAT,
    roubles: int = 300,
    period: Period = MONTH,
    until: date | None = None,
) -> MandateId:
    terms = Terms(Money.roubles(roubles), period, until)
    return (await core.autopay.connect(payer, owner, terms, consent=CONSENT, screen="9")).mandate_id


async def agreed(
    core: Core, provider: FakeProvider, *, period: Period = MONTH
) -> tuple[AccountId, MandateId]:
    """An account with a saved card and an active mandate on it."""
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    return owner, await connect(core, owner, period=period)


def goes_to(clock: FakeClock, profile: Profile, day: date, *, hour: int = 10, minute: int = 0) -> None:
    """Move the clock to a local time that is still to come."""
    wanted = datetime.combine(day, time(hour, minute), tzinfo=profile.zone)
    assert wanted >= clock.now(), f"{wanted} is behind"
    clock.shift(wanted - clock.now())


def today(core: Core) -> date:
    return core.clock.now().astimezone(core.profile.zone).date()


async def work(core: Core, *, rounds: int = 3) -> None:
    """Rounds of all jobs, until one finds nothing to do."""
    for _ in range(rounds):
        if not await core.jobs.run_all_once():
            return


async def live_until(core: Core, clock: FakeClock, day: date) -> None:
    """Let the 10:00 of each day that has work for autopay pass, and the given day's."""
    while today(core) < day:
        goes_to(clock, core.profile, min(day, max(today(core) + DAY, await _next_day(core) or day)))
        await work(core)


async def _next_day(core: Core) -> date | None:
    """The local day on which a mandate or a payment is looked at next."""
    async with core.database.read() as tx:
        found = [
            await tx.scalar(select(func.min(table.c.next_at)).where(unfinished(table)))
            for table in (mandate, payment)
        ]
    days = [at.astimezone(core.profile.zone).date() for at in found if at is not None]
    return min(days, default=None)


async def the_mandate(core: Core, mandate_id: MandateId) -> Any:
    (found,) = await rows(core, mandate, id=mandate_id)
    return found


async def charges(core: Core, mandate_id: MandateId) -> list[tuple[date, int, str]]:
    found = await rows(core, mandate_charge, mandate_id=mandate_id)
    return [(row.period, row.attempt, row.state.value) for row in found]


async def account_with_phone(core: Core, number: str = NUMBER) -> AccountId:
    return await open_account(core, number, tariff=None, phones=[PHONE.address])


async def code_on_the_phone(core: Core, phone: Payer = PHONE) -> str:
    """The code of the newest SMS, as its delivery sees it."""
    held = await core.sending.claim(Channel.SMS, 50)
    await core.sending.sent([(each, None) for each in held])
    codes = [str(each.params["code"]) for each in held if each.template == "sms_code"]
    assert codes, [each.template for each in held]
    assert all(each.address == phone.address for each in held if each.template == "sms_code")
    return codes[-1]
