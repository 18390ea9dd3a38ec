"""Who of an account got a broadcast: asked by its number, told by person, kept in the audit trail."""

import pytest

from core.errors import UnknownAccount
from core.notice_states import Reach
from core.staff_errors import NotStaff
from core.states import NoticeState
from core.storage.staff_tables import audit
from core.wiring import Core
from tests.core.broadcast_scenes import VERA, ended, hire, live_at
from tests.core.scenes import ON_SQLITE, rows

BLOCKED = {"20": (NoticeState.FAILED, "blocked")}


@pytest.fixture
async def city(core: Core) -> Core:
    """One person of two accounts, another of the second, and a phone of a third."""
    await hire(core)
    await live_at(core, "1", chats=("10",))
    await live_at(core, "2", chats=("10", "20"))
    await live_at(core, "3", phones=("79140000003",))
    await live_at(core, "4")
    return core


async def test_each_person_of_the_account_is_told_of_under_whichever_account_they_stand(city: Core) -> None:
    made = await ended(city, BLOCKED)
    reports = city.broadcast_reports

    async def of(number: str) -> list[tuple[str, NoticeState, str | None]]:
        lines = await reports.of_account(made.number, number, by=VERA)
        return sorted((line.address, line.state, line.reason) for line in lines)

    sent = ("10", NoticeState.SENT, None)
    assert await of("1") == [sent]
    assert await of("002") == [sent, ("20", NoticeState.FAILED, "blocked")]
    assert await of("3") == [("79140000003", NoticeState.SENT, None)]
    assert await of("4") == []
    read = [row.facts for row in await rows(city, audit, action="broadcast_report")]
    assert ['"account": "2"' in facts for facts in read] == [False, True, False, False]


@ON_SQLITE
async def test_with_a_field_the_account_has_its_own_messages_alone(city: Core) -> None:
    texts = {"ru": {"telegram": "{account}"}}
    made = await ended(city, texts=texts, reach=Reach.TELEGRAM)
    (line,) = await city.broadcast_reports.of_account(made.number, "1", by=VERA)
    assert (line.account, line.address) == ("1", "10")


@ON_SQLITE
async def test_who_may_not_look_is_not_told_and_a_number_of_none_is_refused(city: Core) -> None:
    made = await ended(city)
    for number in ("9", "", "x"):
        with pytest.raises(UnknownAccount):
            await city.broadcast_reports.of_account(made.number, number, by=VERA)
    with pytest.raises(NotStaff):
        await city.broadcast_reports.of_account(made.number, "1", by="Nobody")
    assert await rows(city, audit, action="broadcast_report") == []
