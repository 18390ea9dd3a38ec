"""What tests of callbacks do over and over: a callback comes, its event is looked at."""

from core.money import Money
from core.payments.provider import CallbackAnswer, Succeeded
from core.states import EventState
from core.storage.tables import provider_event
from core.wiring import Core
from tests.core.scenes import rows

OK = CallbackAnswer(200, "OK")
HELD_100 = Money(100_00)


async def comes(core: Core, body: bytes) -> CallbackAnswer:
    return await core.callbacks.take("fake", body=body, headers={})


def succeeded(reference: str = "card-1", *, number: str = "100080", kopecks: int = 100_00) -> Succeeded:
    return Succeeded(reference, number, Money(kopecks), "RUB")


async def events(core: Core) -> list[EventState]:
    return [row.state for row in await rows(core, provider_event)]
