"""By which bind a message goes out: the one it came by, else its operator's, else any that is up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.storage.message_tables import notice, sms_submission
from core.wiring import Core
from sms_gateway.outcomes import Refused
from tests.core.broadcast_scenes import ANNA, hire
from tests.core.scenes import rows
from tests.fakes import FakeClock
from tests.sms_gateway.carrier_scenes import BEELINE, MTS, asks, desk_of, owe, states
from tests.sms_gateway.fake_binds import FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def went_by(core: Core) -> Sequence[str]:
    async with core.database.read() as tx:
        return [row.bind for row in await tx.all(select(sms_submission.c.bind))]


async def test_an_answer_goes_out_by_the_bind_that_the_question_came_by(core: Core) -> None:
    one, two, other = FakeSession(), FakeSession(), FakeSession()
    desk = desk_of(
        core, bind_of(one, called="a"), bind_of(two, called="a", number=2), bind_of(other, called="b")
    )
    for bind in ("a", "a#2", "b"):
        await asks(core, bind[0], bind, phone=f"7914700000{len(bind)}{bind[0] == 'b':d}")
    await desk.delivery.run_once()
    assert sorted(await went_by(core)) == ["a", "a#2", "b"]
    assert [len(each.submitted) for each in (one, two, other)] == [1, 1, 1]


async def test_an_answer_goes_out_by_another_bind_where_its_own_is_down(core: Core) -> None:
    one, two, other = FakeSession(), FakeSession(), FakeSession()
    one.is_bound = False
    desk = desk_of(
        core, bind_of(one, called="a"), bind_of(two, called="a", number=2), bind_of(other, called="b")
    )
    await asks(core, "a")
    await desk.delivery.run_once()
    assert await went_by(core) == ["a#2"]  # of the same SMSC first
    two.is_bound = False
    await asks(core, "a", phone="79147000002")
    await desk.delivery.run_once()
    assert await went_by(core) == ["a#2", "b"]


async def test_what_stands_in_for_an_answer_goes_by_that_ones_way_and_waits_for_room_there(
    core: Core, clock: FakeClock
) -> None:
    await hire(core)
    own, operators = FakeSession(Refused(0x0B, retry=False)), FakeSession()
    desk = desk_of(core, bind_of(own, called="a"), bind_of(operators, called="mts", operator="mts"))
    await asks(core, "a")
    await desk.delivery.run_once()
    (failed,) = await rows(core, notice)
    await core.sms_resending.resend(failed.id, by=ANNA, why="call 12")
    own.paused = True
    await desk.delivery.run_once()
    assert await states(core) == ["failed", "due"]
    own.paused = False
    clock.shift(timedelta(seconds=5))
    await desk.delivery.run_once()
    assert (len(own.submitted), len(operators.submitted)) == (2, 0)
    assert await states(core) == ["failed", "sent"]


async def test_what_answers_nothing_goes_by_its_operators_bind_else_by_one_for_all(
    core: Core, clock: FakeClock
) -> None:
    mts, general = FakeSession(), FakeSession()
    desk = desk_of(core, bind_of(mts, called="mts", operator="mts"), bind_of(general, called="general"))
    await owe(core, clock, MTS)
    await owe(core, clock, BEELINE)
    await desk.delivery.run_once()
    assert [each.destination_addr for each in mts.submitted] == [MTS]
    assert [each.destination_addr for each in general.submitted] == [BEELINE]


async def test_the_register_of_numbers_says_whose_bind_it_is(
    core: Core, clock: FakeClock, tmp_path: Path
) -> None:
    file = tmp_path / "DEF-9xx.csv"
    file.write_text(
        "АВС/ DEF;От;До;Емкость;Оператор;Регион\n"
        '902;0000000;9999999;10000000;ПАО "Мобильные ТелеСистемы";Приморский край\n',
        encoding="utf-8",
    )
    await core.def_imports.run(file, valid_from=date(2026, 1, 1), by="anna", why="monthly", dry_run=False)
    mts, general = FakeSession(), FakeSession()
    desk = desk_of(core, bind_of(mts, called="mts", operator="mts"), bind_of(general, called="general"))
    for phone in (MTS, BEELINE):
        await owe(core, clock, phone)
    await desk.delivery.run_once()
    assert [each.destination_addr for each in mts.submitted] == [BEELINE]  # the prefixes say otherwise
    assert [each.destination_addr for each in general.submitted] == [MTS]


async def test_where_no_bind_is_up_nothing_is_claimed(core: Core, clock: FakeClock) -> None:
    session = FakeSession()
    session.is_bound = False
    await owe(core, clock, MTS)
    assert await desk_of(core, bind_of(session)).delivery.run_once() == 0
    assert await states(core) == ["due"]
