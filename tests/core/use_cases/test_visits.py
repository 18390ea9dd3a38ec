"""Visits: the same as a look at each person alone, and nobody sees another's account."""

from datetime import timedelta

from sqlalchemy import insert, select

from core.ids import Payer, new_id
from core.messages.incoming import Arrival
from core.money import Money
from core.states import Access, Channel
from core.storage.message_tables import incoming
from core.storage.tables import link
from core.wiring import Core
from tests.accounts import open_account

ANN, BOB, NOBODY = Payer.telegram(1), Payer.telegram(2), Payer.telegram(3)


async def linked(core: Core, payer: Payer, number: str) -> None:
    account = await open_account(core, number, balance=Money(19819))
    await core.subscribers.get(payer, locale="ru")
    row = {"id": new_id(), "channel": payer.channel, "address": payer.address, "account_id": account}
    async with core.database.transaction() as tx:
        await tx.execute(insert(link).values(row | {"access": Access.FULL, "linked_at": core.clock.now()}))


async def test_a_look_at_many_is_a_look_at_each(core: Core) -> None:
    await linked(core, ANN, "100080")
    await linked(core, ANN, "166301")
    await linked(core, BOB, "271556")
    ann, bob, nobody, again = await core.visits.look([ANN, BOB, NOBODY, ANN])
    assert nobody is None
    assert ann is not None
    assert bob is not None
    assert again == ann
    for payer, visit in ((ANN, ann), (BOB, bob)):
        assert visit.who == await core.subscribers.get(payer)
        assert visit.linked == await core.accounts.linked(payer)
        for one in visit.linked:
            assert core.visits.screen(visit, one.id) == await core.accounts.screen(one.id)


async def test_who_has_no_account_is_seen_without(core: Core) -> None:
    await core.subscribers.get(ANN, locale="en")
    (ann,) = await core.visits.look([ANN])
    assert ann is not None
    assert (ann.who.locale, ann.linked) == ("en", [])


async def test_an_exchange_stores_and_forgets_in_one_commit(core: Core) -> None:
    def arrival(number: int) -> Arrival:
        return Arrival(Channel.TELEGRAM, "1", str(number), "7", {"text": "123456"})

    (first,) = await core.receiving.accept([arrival(1)])
    second, closed, third = await core.receiving.exchange([arrival(2), first.id, arrival(3)])
    assert closed is None
    assert second is not None
    assert third is not None
    assert (second.arrival.external_id, third.arrival.external_id) == ("2", "3")
    (again,) = await core.receiving.exchange([arrival(1)])
    assert again is not None
    assert again.done
    async with core.database.read() as tx:
        rows = {row.external_id: row for row in await tx.all(select(incoming))}
    assert (rows["1"].state, rows["1"].payload) == ("done", {})
    assert rows["2"].payload["text"] == "123456"
    assert rows["2"].lease_until - rows["2"].received_at > timedelta()
