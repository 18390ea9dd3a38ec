"""Mandates that a provider keeps: mirrored as it tells them, ended from here until it says so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from core.errors import FullAccessNeeded, NotLinked, StaleScreen
from core.ids import Payer, new_id
from core.payments.provider import Done, NotSent, Subscription, Unknown
from core.states import Access
from core.storage.autopay_tables import provider_mandate
from core.wiring import Core
from tests.core.autopay_scenes import link_to, linked_account, work
from tests.core.scenes import CHAT, ON_SQLITE, PHONE, rows
from tests.fakes import FakeClock, FakeProvider

READER = Payer.telegram(200)
TOLD = Subscription("s-1", "100080", ends_on=None, last_on=date(2026, 4, 1), next_on=date(2026, 5, 1))


class Scheduler(FakeProvider):
    """Charges by a calendar of its own."""

    capabilities = replace(FakeProvider.capabilities, schedules=True)

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.kept: dict[str, Subscription] = {}
        self.silent = False
        self.answers: list[Done | NotSent | Unknown] = []

    async def subscriptions(self) -> Sequence[Subscription] | Unknown:
        return Unknown("timeout") if self.silent else list(self.kept.values())

    async def delete_subscription(self, reference: str) -> Done | NotSent | Unknown:
        answer = self.answers.pop(0) if self.answers else Done()
        if isinstance(answer, Done):
            self.kept.pop(reference, None)
        return answer


@pytest.fixture
def provider(clock: FakeClock) -> Scheduler:
    return Scheduler(clock)


async def test_they_come_change_and_go_as_they_are_told(core: Core, provider: Scheduler) -> None:
    owner = await linked_account(core)
    provider.kept = {"s-1": TOLD, "s-2": Subscription("s-2", "999999")}
    assert await core.provider_mandates.mirror_once() == 2
    assert await core.provider_mandates.mirror_once() == 0
    (seen,) = await core.provider_mandates.of_account(CHAT, owner)
    assert (seen.number, seen.next_on, seen.deleting) == ("100080", date(2026, 5, 1), False)
    provider.kept["s-1"] = replace(TOLD, next_on=date(2026, 6, 1))
    del provider.kept["s-2"]
    assert await core.provider_mandates.mirror_once() == 2
    (seen,) = await core.provider_mandates.of_account(CHAT, owner)
    assert seen.next_on == date(2026, 6, 1)
    provider.silent = True  # nothing can be concluded
    assert await core.provider_mandates.mirror_once() == 0
    provider.silent, provider.kept = False, {}
    assert await core.provider_mandates.mirror_once() == 1
    assert await core.provider_mandates.of_account(CHAT, owner) == []
    provider.kept = {"s-1": TOLD}
    await core.provider_mandates.mirror_once()
    assert len(await core.provider_mandates.of_account(CHAT, owner)) == 1  # told again: it charges


@ON_SQLITE
async def test_one_is_deleted_until_the_provider_confirms(
    core: Core, clock: FakeClock, provider: Scheduler
) -> None:
    owner = await linked_account(core)
    provider.kept = {"s-1": TOLD}
    await core.provider_mandates.mirror_once()
    (seen,) = await core.provider_mandates.of_account(CHAT, owner)
    provider.answers = [NotSent("unreachable"), Unknown("timeout")]
    assert (await core.provider_mandates.delete(CHAT, seen.id)).deleting
    assert (await core.provider_mandates.delete(CHAT, seen.id)).deleting  # a second tap
    await work(core, rounds=1)
    assert provider.kept != {}
    for wait in (31, 301):
        clock.shift(timedelta(seconds=wait))
        await work(core, rounds=1)
    assert provider.kept == {}
    assert await core.provider_mandates.of_account(CHAT, owner) == []
    with pytest.raises(StaleScreen):
        await core.provider_mandates.delete(CHAT, seen.id)


@ON_SQLITE
async def test_who_may_see_and_end_it(core: Core, provider: Scheduler) -> None:
    owner = await linked_account(core, phones=[PHONE.address])
    await link_to(core, owner, READER, access=Access.READ)
    provider.kept = {"s-1": TOLD}
    await core.provider_mandates.mirror_once()
    (row,) = await rows(core, provider_mandate)
    one = UUID(str(row.id))
    with pytest.raises(NotLinked):
        await core.provider_mandates.of_account(Payer.telegram(300), owner)
    with pytest.raises(NotLinked):
        await core.provider_mandates.delete(Payer.telegram(300), one)
    assert len(await core.provider_mandates.of_account(READER, owner)) == 1
    with pytest.raises(FullAccessNeeded):
        await core.provider_mandates.delete(READER, one)
    with pytest.raises(StaleScreen):
        await core.provider_mandates.delete(CHAT, new_id())
    assert (
        await core.provider_mandates.delete(PHONE, one)
    ).deleting  # stopping is open to a registered phone
