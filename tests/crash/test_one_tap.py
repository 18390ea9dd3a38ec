"""kill -9 while a payer pays with a saved card in one process, and another collects what is left."""

import pytest
from sqlalchemy import select

from core.ids import CardId, Payer
from core.money import Money
from core.states import Method, TopUpState
from core.storage.autopay_tables import card
from core.storage.tables import account, payment, top_up
from core.wiring import Core
from tests.crash.agreed import scene
from tests.crash.fuse import Point, both
from tests.crash.lives import ROUNDS

ROUBLES = 500
POINTS = [*both("quote"), *both("confirm"), *both("take"), *both("call"), *both("result")]


async def tap(core: Core) -> None:
    """The payer's taps, and the same again where the screen showed nothing."""
    async with core.database.read() as tx:
        saved = await tx.one(select(card))
        number = await tx.scalar(select(account.c.number))
        quoted = await tx.scalar(select(top_up.c.id))
    payer = Payer(saved.channel, saved.payer)
    if quoted is None:
        asked = await core.top_ups.quote(
            payer, number=number, amount=Money.roubles(ROUBLES), method=Method.CARD, locale="ru"
        )
        quoted = asked.id
    await core.top_ups.confirm(quoted, by=payer, screen="1", card_id=CardId(saved.id))


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_charges_a_saved_card_twice(pg_url: str, point: Point, life: int) -> None:
    async with scene(pg_url) as on:
        await on.agree(["succeeded"], due=False)
        living, dying = on.begin(None), on.begin(point, tap)
        await living.ready()
        await on.dies(dying, point)
        await living.does(tap)
        await on.recovers(living)
        await on.settles(living)
        await living.end()
        (paid,) = await on.rows(payment)
        (asked,) = await on.rows(top_up)
        (one,) = on.agreed
        assert (asked.state, paid.total) == (TopUpState.PAID, ROUBLES * 100)
        assert on.paid(one) == await on.balance(one) == ROUBLES * 100
        await on.prove()
