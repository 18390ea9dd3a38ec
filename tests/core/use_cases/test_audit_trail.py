"""The audit trail: an entry that was changed, taken out or cut off the end is found."""

from typing import Any

from sqlalchemy import select, text, update

from core.storage.staff_tables import audit, audit_head
from core.wiring import Core
from tests.accounts import open_account
from tests.core.staff_scenes import WHO, stray_money
from tests.fakes import FakeProvider


async def _tamper(core: Core, sqlite: str, postgres: str, *statements: Any) -> None:
    """What only the owner of the database can do, and only on purpose."""
    async with core.database.transaction() as tx:
        await tx.execute(text(sqlite if core.settings.embedded else postgres))
        for statement in statements:
            await tx.execute(statement)


async def test_a_changed_and_a_missing_entry_of_the_audit_trail_are_found(
    core: Core, provider: FakeProvider
) -> None:
    await open_account(core, tariff=None)
    for name in ("s-1", "s-2", "s-3"):
        await stray_money(core, provider, name, 10)
        await core.suspense.assign(name, to="100080", **WHO)
    assert await core.invariants.check() == []
    why = update(audit).where(audit.c.number == 2)
    disable = "ALTER TABLE audit DISABLE TRIGGER ALL"
    await _tamper(core, "DROP TRIGGER audit_no_update", disable, why.values(why="another"))
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    gone, back = text("DELETE FROM audit WHERE number = 1"), why.values(why=WHO["why"])
    await _tamper(core, "DROP TRIGGER audit_no_delete", disable, gone, back)
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    await _tamper(core, "DELETE FROM audit", "DELETE FROM audit")
    assert [each.about for each in await core.invariants.check()] == [
        "the audit trail does not end with entry 0, as it does now"
    ]
    async with core.database.transaction() as tx:
        await tx.execute(text("DELETE FROM audit_head"))  # the fixture asks for the invariants once more


async def test_entries_that_are_cut_off_the_end_are_missed(core: Core, provider: FakeProvider) -> None:
    await open_account(core, tariff=None)
    for name in ("s-1", "s-2"):
        await stray_money(core, provider, name, 10)
        await core.suspense.assign(name, to="100080", **WHO)
    cut = text("DELETE FROM audit WHERE number = 2")
    await _tamper(core, "DROP TRIGGER audit_no_delete", "ALTER TABLE audit DISABLE TRIGGER ALL", cut)
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    async with core.database.transaction() as tx:
        held = await tx.one(select(audit.c.hash).where(audit.c.number == 1))
        await tx.execute(update(audit_head).values(number=1, hash=held.hash))
