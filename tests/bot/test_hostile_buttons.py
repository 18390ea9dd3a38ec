"""Every kind of button, forged: no stranger learns or changes anything, and nothing breaks."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.states import IncomingState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.message_tables import incoming
from core.storage.tables import link, payment, top_up
from handlers.telegram import buttons_alerts, buttons_autopay
from handlers.telegram.buttons import DATA_LARGEST, Button, _plain
from tests.bot.scenes import quoted, with_autopay
from tests.bot.stand import Person, Stand
from tests.fakes import CARD_MASK

# Known once their modules are imported.
OTHER_KINDS = (buttons_alerts.SetAlert, buttons_autopay.Draft, buttons_autopay.ToCards)
EXTREMES: dict[str, list[str]] = {
    "number": ["100080", "0", "9999999999", "0000100080"],
    "kopecks": ["1", "99999999", "999999999999"],
    "period": ["d0", "d1", "d999999999", "m0", "m31", "m99", "m٣"],
    "until": ["", "00010101", "99991231", "2026-W01-1"],
    "broadcast": ["1"],
    "version": ["1"],
    "minute": ["0", "999999999"],
    "to": ["1", "telegram", "ru"],
    "of": ["cities", "all"],
    "what": ["approve", "kind", "at"],
    "on": ["1", "0", "00010101", "99991231", "20260527"],
    "day": ["20260527"],
    "days": ["3", "0", "31", "99999999999"],
    "sms": ["always", "whenever"],
    "remember": ["0", "1"],
    "method": ["card", "sbp", "mobile"],
    "code": ["ru", "zz"],
    "mark": ["0000"],
    "before": ["", _plain(UUID(int=0)), _plain(UUID(int=2**128 - 1))],
}


def kinds(of: type[Button] = Button) -> Iterator[type[Button]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def forged(kind: type[Button], ids: list[UUID]) -> Iterator[str]:
    """Each field of a button over all its extremes, the others as they come first."""
    fields = {name: EXTREMES.get(name, [_plain(each) for each in ids]) for name in kind.model_fields}
    prefix = kind.__prefix__
    for name, values in (fields or {"": [""]}).items():
        for value in values:
            said = [value if each == name else others[0] for each, others in fields.items()]
            data = ":".join([prefix, *said])
            if len(data.encode()) <= DATA_LARGEST:
                yield data


async def kept(stand: Stand) -> dict[str, list[Any]]:
    async with stand.core.database.read() as tx:
        return {
            table.name: [tuple(row) for row in await tx.all(select(table).order_by(table.c.id))]
            for table in (card, mandate, mandate_charge, link, payment)
        }


async def foreign_ids(stand: Stand) -> list[UUID]:
    async with stand.core.database.read() as tx:
        found = [await tx.scalar(select(table.c.id).limit(1)) for table in (top_up, card, mandate, payment)]
        found.append(await tx.scalar(select(link.c.account_id).limit(1)))
    return [UUID(int=7), *found]


async def presses_all(stand: Stand, person: Person) -> None:
    ids = await foreign_ids(stand)
    person.says("/start")
    await person.sees("бот компании")
    for kind in kinds():
        for data in dict.fromkeys(forged(kind, ids)):
            person.presses_stale(data)
    await stand.updates_handled(
        within=180
    )  # some hundred presses; the code that one asks for has no SMS door
    async with stand.core.database.read() as tx:
        failed = await tx.all(select(incoming.c.reason).where(incoming.c.state == IncomingState.FAILED))
    assert failed == []


async def test_a_stranger_s_forged_buttons_change_and_break_nothing(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    await quoted(keeper)
    before = await kept(keeping)
    stranger = Person(keeping.api, 7002)
    await presses_all(keeping, stranger)
    assert await kept(keeping) == before
    assert "198,19" not in str(stranger.messages)
    assert CARD_MASK not in str(stranger.messages)


async def test_the_owner_s_own_buttons_at_their_extremes_break_nothing(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    await presses_all(keeping, keeper)
