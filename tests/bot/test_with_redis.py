"""With Redis between processes: dialogues, locks and wake-ups are shared, and losing them loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.redis_client import open_redis
from core.settings import Settings
from tests.bot.accounts import import_accounts
from tests.bot.stand import Stand, open_stand


@pytest.fixture
async def shared(sqlite_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url, redis_url=redis_url)
    async with open_stand(settings) as opened, asyncio.TaskGroup() as group:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        wakeups = group.create_task(opened.core.wakeups.run())
        yield opened
        wakeups.cancel()


async def test_a_dialogue_goes_through_redis_to_the_receipt(shared: Stand, redis_url: str) -> None:
    person = shared.person
    person.says("/pay")
    await person.sees("Введите его номер")
    async with open_redis(redis_url) as redis:
        assert await redis.keys("fsm:*")
    person.says("100080")
    await person.sees("Сколько рублей")
    person.says("500")
    await person.sees("К оплате")
    person.presses("Подтвердить", times=3)
    await person.sees("оплатите на странице карты")
    await shared.pays()
    await person.sees("Деньги на счёте")
    assert len(shared.provider.charges) == 1


async def test_an_emptied_redis_costs_a_question_and_nothing_else(shared: Stand, redis_url: str) -> None:
    person = shared.person
    person.says("/pay")
    await person.sees("Введите его номер")
    await shared.settled()
    async with open_redis(redis_url) as redis:
        await redis.flushall()
    person.says("100080")
    await person.sees("Не понимаю")
    person.says("/help")
    await person.sees("Справочная")
