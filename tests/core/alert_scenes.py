"""What tests of low-balance alerts do over and over: a low account, time that passes, money that comes."""

from datetime import date, datetime, timedelta
from typing import Any

from core.ids import AccountId, Payer
from core.money import Money
from core.storage.alert_tables import alert_episode
from core.storage.message_tables import notice
from core.storage.tables import account
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import link_to
from tests.core.scenes import CHAT, quote_by_card, rows
from tests.fakes import FakeClock, FakeProvider

NUMBER = "100080"
DAILY = Money(29_67)  # of 890 in a month of 30 days


async def low(core: Core, balance: Money, *, people: tuple[Payer, ...] = (CHAT,), **more: Any) -> AccountId:
    """An account with a tariff, and its people."""
    owner = await open_account(core, NUMBER, balance=balance, **more)
    for payer in people:
        await link_to(core, owner, payer)
    return owner


def goes(core: Core, clock: FakeClock, local: str) -> None:
    """To a local moment that is still to come."""
    at = datetime.fromisoformat(local).replace(tzinfo=core.profile.zone)
    assert at >= clock.now(), f"{at} is behind"
    clock.shift(at - clock.now())


async def looks(core: Core) -> int:
    """The pass until nothing is due."""
    seen = 0
    while found := await core.alerts.due_once(50):
        seen += found
        assert seen < 1000, "the pass does not come to an end"
    return seen


async def lives(core: Core, clock: FakeClock, days: int) -> None:
    """So many days, each of its hours with the fees and the pass."""
    for _ in range(days * 24):
        clock.shift(timedelta(hours=1))
        await core.fees.post_once(50)
        await looks(core)


async def pays(core: Core, provider: FakeProvider, roubles: int) -> None:
    """By card, from a chat that may be anybody's."""
    quote = await quote_by_card(core, roubles, payer=Payer.telegram(999))
    await core.top_ups.confirm(quote.id, by=Payer.telegram(999), screen="7")
    body = provider.pays(provider.charges[-1].charge.id)
    await core.callbacks.take("fake", body=body, headers={})


async def alerts(core: Core) -> list[Any]:
    """All that were stored, in their order."""
    return await rows(core, notice, template="alert")


async def said(core: Core) -> list[tuple[str, int | None]]:
    """Kind and days left of each alert."""
    return [(row.params["kind"], row.params["days"]) for row in await alerts(core)]


async def episodes(core: Core) -> list[tuple[str, int, bool]]:
    """Kind, how many were told, and whether it is open."""
    return [(row.kind, row.told, row.closed_at is None) for row in await rows(core, alert_episode)]


async def the_account(core: Core, owner: AccountId) -> Any:
    (found,) = await rows(core, account, id=owner)
    return found


def day_of(core: Core, moment: datetime) -> date:
    return moment.astimezone(core.profile.zone).date()
