"""Staff: named by admins, never without one, each change in the trail of who made it."""

import asyncio

import pytest

from core.errors import Refusal
from core.notice_states import Role
from core.settings import Settings
from core.staff_errors import FirstIsAdmin, LastAdmin, NotAllowed, NotStaff, StaffExists, TelegramTaken
from core.storage.broadcast_tables import staff
from core.storage.staff_tables import audit
from core.use_cases.staff import require
from core.wiring import Core
from tests.core.broadcast_scenes import ADMIN, ANNA, BORIS, VERA, hire
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider


@ON_SQLITE
async def test_the_first_is_an_admin_and_names_the_others(core: Core) -> None:
    with pytest.raises(FirstIsAdmin):
        await core.staff.add(ANNA, Role.SENDER, by=ANNA)
    await core.staff.add(ADMIN, Role.ADMIN, by=ADMIN)
    with pytest.raises(NotStaff):
        await core.staff.add(ANNA, Role.ADMIN, by=ANNA)
    await core.staff.add(ANNA, Role.SENDER, by=ADMIN)
    with pytest.raises(NotAllowed):
        await core.staff.add(BORIS, Role.SENDER, by=ANNA)
    assert [(each.name, each.role) for each in await core.staff.members()] == [
        (ADMIN, Role.ADMIN),
        (ANNA, Role.SENDER),
    ]
    assert [(row.action, row.by) for row in await rows(core, audit)] == [("staff_add", ADMIN)] * 2


@ON_SQLITE
async def test_a_role_holds_all_that_is_below_it(core: Core) -> None:
    await hire(core)
    async with core.database.read() as tx:
        may = {
            name: [role for role in Role if (await _allowed(tx, name, role))]
            for name in (VERA, ANNA, BORIS, ADMIN)
        }
    assert may == {VERA: list(Role)[:1], ANNA: list(Role)[:2], BORIS: list(Role)[:3], ADMIN: list(Role)}


async def _allowed(tx: object, name: str, role: Role) -> bool:
    try:
        await require(tx, name, role)  # type: ignore[arg-type]
    except NotAllowed:
        return False
    return True


@ON_SQLITE
async def test_there_is_always_an_admin(core: Core) -> None:
    await hire(core)
    with pytest.raises(LastAdmin):
        await core.staff.remove(ADMIN, by=ADMIN)
    with pytest.raises(LastAdmin):
        await core.staff.change(ADMIN, by=ADMIN, role=Role.SENDER)
    await core.staff.change(BORIS, by=ADMIN, role=Role.ADMIN)
    assert await core.staff.remove(ADMIN, by=BORIS)
    with pytest.raises(NotStaff):
        await core.staff.change(ANNA, by=ADMIN, role=Role.VIEWER)


@ON_SQLITE
async def test_who_leaves_may_nothing_and_comes_back_under_the_same_name(core: Core) -> None:
    await hire(core)
    assert await core.staff.remove(ANNA, by=ADMIN)
    assert not await core.staff.remove(ANNA, by=ADMIN)
    assert await core.staff.of_telegram(500) is None
    await core.staff.change(VERA, by=ADMIN, telegram="500")  # the id is free again
    with pytest.raises(TelegramTaken):
        await core.staff.add(ANNA, Role.SENDER, by=ADMIN, telegram="500")
    await core.staff.add(ANNA, Role.VIEWER, by=ADMIN)
    found = await core.staff.of_telegram(500)
    assert found is not None
    assert found.name == VERA
    assert len(await rows(core, staff)) == 4


@ON_SQLITE
async def test_the_same_asked_for_again_is_no_change(core: Core) -> None:
    await hire(core)
    before = len(await rows(core, audit))
    await core.staff.add(ANNA, Role.SENDER, by=ADMIN, telegram="500")
    await core.staff.change(ANNA, by=ADMIN, role=Role.SENDER)
    with pytest.raises(StaffExists):
        await core.staff.add(ANNA, Role.ADMIN, by=ADMIN)
    assert len(await rows(core, audit)) == before


@ON_POSTGRES
async def test_two_that_name_the_first_at_once_name_one(
    settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as (one, other):
        named = await asyncio.gather(
            one.staff.add(ANNA, Role.ADMIN, by=ANNA),
            other.staff.add(BORIS, Role.ADMIN, by=BORIS),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Refusal) for each in named) == 1
        assert len(await one.staff.members()) == 1
