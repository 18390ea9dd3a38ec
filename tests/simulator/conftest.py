"""The simulator's tests: a whole outside world on free ports, and a shop that it charges for."""

from collections.abc import AsyncIterator

import pytest

from simulator.world import Options, Person, World, open_world
from tests.simulator.peers import KEY, Shop, open_shop

USERS = (Person("1001", "first"), Person("1002", "second"))
PHONES = (Person("79140000001", "МТС"), Person("79020000002", "79020000002"))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    options = Options(
        provider_key=KEY.decode(),
        bot_token="42:token",
        hint="100080 / secret",
        users=USERS,
        phones=PHONES,
        repeat_seconds=0.01,
        callback_pauses=(0.01,),
    )
    async with open_world(options) as opened:
        yield opened


@pytest.fixture
async def shop(world: World) -> AsyncIterator[Shop]:
    async with open_shop(world) as opened:
        yield opened
