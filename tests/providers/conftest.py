"""YooKassa's adapter and the desk that it calls; a file about another provider has a desk of its own."""

from collections.abc import AsyncIterator

import pytest

from core.clock import SystemClock
from core.payments.yookassa import YooKassa
from tests.providers.served import served
from tests.providers.yookassa_desk import YooKassaDesk
from tests.providers.yookassa_scenes import adapter


@pytest.fixture
async def desk() -> AsyncIterator[YooKassaDesk]:
    there = YooKassaDesk(now=SystemClock().now())
    async with served(there.app()) as url:
        there.url = url
        yield there


@pytest.fixture
async def yookassa(desk: YooKassaDesk) -> AsyncIterator[YooKassa]:
    made = adapter(desk.url)
    yield made
    await made.close()
