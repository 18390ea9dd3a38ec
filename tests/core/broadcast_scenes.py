"""What tests of broadcasts do over and over: staff, people of accounts, jobs, and a delivery of their own."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.ids import AccountId, new_id
from core.messages.broadcast_text import Texts
from core.money import ZERO, Money
from core.notice_states import BroadcastState, Reach, Role
from core.states import Access, Channel, NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.storage.tables import account, link, subscriber
from core.use_cases.audiences import Audience
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import rows

ADMIN, ANNA, BORIS, VERA = "Admin", "Anna", "Boris", "Vera"  # admin, sender, approver, viewer
TEXTS: Texts = {"ru": {"telegram": "<b>Работы</b> ночью", "sms": "Работы ночью"}}
OTHER_TEXTS = {"ru": {"telegram": "Работы <i>завтра</i>", "sms": "Работы завтра"}}
OUTCOMES = {  # of five of the seven people, by address
    "20": (NoticeState.FAILED, "blocked"),
    "30": (NoticeState.FAILED, "HTTP 500"),
    "40": (NoticeState.UNCERTAIN, "timeout"),
    "50": (NoticeState.CANCELLED, "opted out"),
    "60": (NoticeState.EXPIRED, "too late to be of use"),
}


async def hire(core: Core) -> None:
    await core.staff.add(ADMIN, Role.ADMIN, by=ADMIN)
    await core.staff.add(ANNA, Role.SENDER, by=ADMIN, telegram="500")
    await core.staff.add(BORIS, Role.APPROVER, by=ADMIN)
    await core.staff.add(VERA, Role.VIEWER, by=ADMIN)


@pytest.fixture
async def seven_people(core: Core) -> Core:
    """Staff, and seven people: six in Telegram, one with a phone alone.

    A test module asks for them so: `city = seven_people`.
    """
    await hire(core)
    for n in range(1, 7):
        await live_at(core, str(n), chats=(f"{n}0",))
    await live_at(core, "7", phones=("79140000007",))
    return core


def four_eyes(core: Core, *, above: int = 0) -> None:
    """Every broadcast to more recipients needs a second person."""
    notices = core.profile.notices.model_copy(update={"approve_above": above})
    for each in (core.broadcasts, core.broadcast_orders):
        each._profile = core.profile.model_copy(update={"notices": notices})


async def live_at(
    core: Core,
    number: str,
    *,
    chats: tuple[str, ...] = (),
    phones: tuple[str, ...] = (),
    locale: str = "ru",
    balance: Money = ZERO,
    tariff: str | None = None,
    **place: Any,
) -> AccountId:
    """An account with people in Telegram and registered phones."""
    owner = await open_account(core, number, phones=phones, balance=balance, tariff=tariff)
    async with core.database.transaction() as tx:
        if place:
            await tx.execute(update(account).where(account.c.id == owner).values(**place))
        for chat in chats:
            await tx.execute(
                insert(link).values(
                    id=new_id(), channel=Channel.TELEGRAM, address=chat, account_id=owner,
                    access=Access.FULL, linked_at=core.clock.now(),
                )
            )  # fmt: skip
            known = select(subscriber.c.address).where(subscriber.c.address == chat)
            if await tx.scalar(known) is None:
                await tx.execute(
                    insert(subscriber).values(
                        channel=Channel.TELEGRAM, address=chat, locale=locale, locale_chosen=True,
                        reachable=True, stopped=False, first_seen_at=core.clock.now(),
                    )
                )  # fmt: skip
    return owner


async def drafted(core: Core, **changes: Any) -> Broadcast:
    values: dict[str, Any] = {"title": "Работы", "texts": TEXTS, "reach": Reach.TELEGRAM_ELSE_SMS} | changes
    return await core.broadcast_drafts.new(Draft(**values), by=ANNA)


def to_everybody(reach: Reach = Reach.TELEGRAM, **audience: Any) -> dict[str, Any]:
    return {"reach": reach, "audience": Audience(**audience)}


async def work(core: Core, *, chunk: int = 2) -> int:
    """The job until it has nothing to do; how many chunks that took."""
    job, steps = BroadcastWork(core.database, core.profile, core.clock, core.wall), 0
    while done := await job.work_once(chunk):
        steps += done
    return steps


async def started(core: Core, **changes: Any) -> Broadcast:
    """A broadcast that runs, its audience frozen."""
    made = await drafted(core, **changes)
    await core.broadcasts.start(made.number, by=ANNA)
    await work(core)
    return await core.broadcasts.get(made.number, by=ANNA)


async def deliver(
    core: Core, of: Broadcast, outcomes: Mapping[str, tuple[NoticeState, str | None]] | None = None
) -> None:
    """What the doors would have written: sent, or by address what else became of it."""
    async with core.database.transaction() as tx:
        due = await tx.all(
            select(notice).where(notice.c.broadcast_id == of.id, notice.c.state == NoticeState.DUE)
        )
        for row in due:
            state, reason = (outcomes or {}).get(row.address, (NoticeState.SENT, None))
            values: dict[str, Any] = {"state": state, "reason": reason, "attempt": row.attempt + 1}
            if state is NoticeState.SENT:
                values |= {"provider_id": f"m{row.address}", "sent_at": core.wall.now()}
            await tx.execute(update(notice).where(notice.c.id == row.id).values(values))


async def recipients(core: Core, of: Broadcast) -> dict[str, Any]:
    """The rows that the total counts, by address."""
    return {row.address: row for row in await rows(core, notice, broadcast_id=of.id, parent_id=None)}


async def state_of(core: Core, of: Broadcast) -> BroadcastState:
    (row,) = await rows(core, broadcast, id=of.id)
    return BroadcastState(row.state)


async def states_of(core: Core, of: Broadcast) -> dict[str, NoticeState]:
    return {address: row.state for address, row in (await recipients(core, of)).items()}


async def ended(
    core: Core, outcomes: Mapping[str, tuple[NoticeState, str | None]] | None = None, **changes: Any
) -> Broadcast:
    """A broadcast that was sent to its end."""
    made = await started(core, **changes)
    await deliver(core, made, outcomes)
    await work(core)
    return await core.broadcasts.get(made.number, by=ANNA)


async def told_instead(core: Core, of: Broadcast, address: str, state: NoticeState) -> None:
    """The SMS that a delivery stores where a bot is blocked."""
    row = (await recipients(core, of))[address]
    values = row._asdict() | {
        "id": new_id(), "dedupe_key": f"instead:{row.id}", "channel": Channel.SMS, "state": state,
        "address": f"791400000{address}", "parent_id": row.id, "reason": None,
    }  # fmt: skip
    async with core.database.transaction() as tx:
        await tx.execute(insert(notice).values(values))
