"""What tests of payments do over and over: a phone is charged, a provider is asked after each wait."""

from datetime import timedelta

from core.errors import Refusal
from core.wiring import Core
from tests.core.scenes import quote_by_sms, says_yes
from tests.fakes import FakeClock, FakeProvider

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


async def asks(core: Core, clock: FakeClock, provider: FakeProvider, *waits: timedelta) -> None:
    """The provider is asked once after each wait, and not a second before."""
    for wait in waits:
        before = len(provider.asked)
        clock.shift(wait - SECOND)
        assert await core.payments.ask_once(10) == 0
        clock.shift(SECOND)
        assert await core.payments.ask_once(10) == 1
        assert len(provider.asked) == before + 1


async def charged_mobile(core: Core) -> Refusal | None:
    quote = await quote_by_sms(core)
    return await says_yes(core, code=quote.code)
