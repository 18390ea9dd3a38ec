"""kill -9 at every commit and call of a top-up by card, on PostgreSQL: nothing lost, nothing twice."""

import pytest
from sqlalchemy import func, select

from commands.outside import Outside
from commands.phones import field
from core.errors import Refusal
from core.ids import Payer
from core.money import Money
from core.states import Method, PaymentState, TopUpState
from core.storage.message_tables import notice
from core.storage.tables import top_up
from core.wiring import Core
from tests.crash.fuse import Point
from tests.crash.lives import LATER, NUMBER, PATIENCE_SECONDS, ROUNDS, Life, Stage, stage
from tests.crash.victim import Begins
from tests.deadlines import until

PARTS = frozenset({"web", "jobs"})
PAYER = Payer.telegram(1001)
AMOUNT = Money.roubles(500)
CARD = {"number": "4276 8500 0003 7173", "expiry": "12/30", "cvc": "123"}
# Quote, confirmation, sending, the checkout's address, the callback stored and applied.
POINTS = [
    Point(kind, number, when)
    for kind, most in (("commit", 6), ("call", 1))
    for number in range(1, most + 1)
    for when in ("before", "after")
]


async def tap(core: Core) -> None:
    """What the payer's taps do, and do again where the screen showed nothing: one top-up, confirmed."""
    async with core.database.read() as tx:
        open_id = await tx.scalar(select(top_up.c.id))
    if open_id is None:
        quote = await core.top_ups.quote(PAYER, number=NUMBER, amount=AMOUNT, method=Method.CARD, locale="ru")
        open_id = quote.id
    try:
        await core.top_ups.confirm(open_id, by=PAYER, screen="1")
    except Refusal as refusal:
        raise AssertionError(f"a second tap was refused: {refusal!r}") from refusal


async def _pay(on: Stage, life: Life) -> None:
    """Wait for the card page and pay on it, unless the product is dead."""

    async def page() -> str | None:
        addresses = [row.checkout_url for row in await on.payments() if row.checkout_url]
        return "dead" if life.has_died() else (addresses[0] if addresses else None)

    address = await until(page, within=PATIENCE_SECONDS, what="the card page")
    assert address is not None
    if address != "dead" and not await on.collected():
        form = field(await on.phones.open(address), "form")
        await on.phones.submit(address, CARD | {"form": form})


async def _receipts(on: Stage) -> int:
    async with on.database.read() as tx:
        return int(await tx.scalar(select(func.count()).where(notice.c.template == "paid")) or 0)


async def test_the_points_are_those_that_a_whole_payment_passes(opened: Outside, pg_url: str) -> None:
    async with stage(opened, pg_url) as on:
        life = on.begin(None, Begins(PARTS, tap))
        await _pay(on, life)
        await until(on.is_credited, within=PATIENCE_SECONDS, what="the credit")
        await until(on.is_settled, within=PATIENCE_SECONDS, what="all is settled")
        counts = await life.end()
        assert (counts["commit"], counts["call"]) == (6, 1)


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_loses_a_payment_or_credits_it_twice(
    opened: Outside, pg_url: str, point: Point, life: int
) -> None:
    async with stage(opened, pg_url) as on:
        first = on.begin(point, Begins(PARTS, tap))
        await _pay(on, first)
        await until(first.has_died, within=PATIENCE_SECONDS, what=f"death {point}")
        await first.bury()
        second = on.begin(None, Begins(PARTS, tap, LATER))
        await _pay(on, second)
        await until(on.is_credited, within=PATIENCE_SECONDS, what="the credit")
        await until(on.is_settled, within=PATIENCE_SECONDS, what="all is settled")
        await second.end()
        assert await on.collected() == [AMOUNT.kopecks]
        assert await on.balance() == AMOUNT.kopecks
        assert [row.state for row in await on.payments()] == [PaymentState.SUCCEEDED]
        async with on.database.read() as tx:
            assert await tx.scalar(select(top_up.c.state)) == TopUpState.PAID
        assert await _receipts(on) == 1
        assert await on.broken() == []
