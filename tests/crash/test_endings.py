"""kill -9 while a mandate is deleted or its card unlinked beside the charge: nothing starts after it."""

from contextlib import suppress

import pytest
from sqlalchemy import select

from core.errors import NoMandate
from core.ids import AccountId, CardId, Payer, PaymentId
from core.money import Money
from core.states import LIVE_MANDATE, PaymentState, RefundState
from core.storage.autopay_tables import card, mandate, refund
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.wiring import Core
from tests.crash.agreed import AMOUNT, Scene, scene
from tests.crash.fuse import Point, both
from tests.crash.lives import ROUNDS

CHARGES = 9
GIVEN_BACK = 100_00
TOLD = ("autopay_deleted", "card_unlinked")


async def delete_all(core: Core) -> None:
    """Each subscriber's tap on "delete", one after the other."""
    async with core.database.read() as tx:
        live = await tx.all(select(mandate).where(mandate.c.state.in_(LIVE_MANDATE)))
    for row in live:
        with suppress(NoMandate):
            await core.autopay.delete(Payer(row.channel, row.payer), AccountId(row.account_id))


async def unlink_all(core: Core) -> None:
    async with core.database.read() as tx:
        live = await tx.all(select(card).where(card.c.revoked_at.is_(None)))
    for row in live:
        await core.cards.unlink(Payer(row.channel, row.payer), CardId(row.id))


async def give_back_all(core: Core) -> None:
    """What staff does: a part of each payment."""
    async with core.database.read() as tx:
        paid = await tx.all(select(payment.c.id).where(payment.c.state == PaymentState.SUCCEEDED))
    for row in paid:
        await core.refunds.refund(PaymentId(row.id), Money(GIVEN_BACK), why="wrong payment", by="staff")


ENDINGS = {"delete": delete_all, "unlink": unlink_all}


async def _has_ended_well(on: Scene) -> None:
    """Who was told that a charge is under way got it back whole; nobody else was charged after the end."""
    told = {row.address: row.params["in_flight"] for row in await on.rows(notice) if row.template in TOLD}
    assert len(told) == CHARGES
    for one in on.agreed:
        (state,) = await on.states(one) or ["none"]
        assert state in ("none", "paid", "cancelled", "declined")
        assert on.paid(one) == (AMOUNT if state == "paid" else 0)
        assert on.given_back(one) == (on.paid(one) if told[one.phone] else 0)
    await on.prove()


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", [*both("delete", 2), *both("unlink", 2)], ids=str)
async def test_who_dies_ending_autopay_has_ended_it_or_has_not(pg_url: str, point: Point, life: int) -> None:
    """One process deletes and dies, the other charges; then the taps come again."""
    errand = ENDINGS[point.kind]
    async with scene(pg_url) as on:
        dying, living = await on.begin_both(point)
        await on.agree(["succeeded"] * CHARGES)
        living.hears()
        dying.begins(errand)
        await on.dies(dying, point)
        await living.does(errand)
        await on.recovers(living)
        await on.settles(living)
        await living.end()
        await _has_ended_well(on)


CHARGING = [Point("take", 1, "after"), *both("call"), *both("result")]


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("point", CHARGING, ids=str)
async def test_what_the_dead_had_begun_is_given_back_where_it_ended_meanwhile(
    pg_url: str, point: Point, ending: str, life: int
) -> None:
    """One of two that charge dies, and in the other all autopay ends before the leases of the dead do."""
    async with scene(pg_url) as on:
        dying, living = await on.begin_both(point)
        await on.agree(["succeeded"] * CHARGES)
        dying.hears()
        await on.dies(dying, point)
        await living.does(ENDINGS[ending])
        await on.recovers(living)
        await on.settles(living)
        await living.end()
        await _has_ended_well(on)


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", [*both("give"), *both("refund"), *both("given")], ids=str)
async def test_no_death_gives_back_twice_or_not_at_all(pg_url: str, point: Point, life: int) -> None:
    async with scene(pg_url) as on:
        dying, living = await on.begin_both(point)
        await on.agree(["succeeded"] * CHARGES)
        living.hears()
        await on.settles(living)
        dying.begins(give_back_all)
        await on.dies(dying, point)
        await on.recovers(living)
        await on.settles(living)
        await living.end()
        rows = await on.rows(refund)
        assert {row.state for row in rows} == {RefundState.DONE}
        assert len(rows) == len(on.desk.refunds) > 0
        assert {on.given_back(one) for one in on.agreed} <= {0, GIVEN_BACK}
        await on.prove()
