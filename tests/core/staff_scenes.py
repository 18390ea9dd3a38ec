"""What tests of staff do over and over: a payment of the wrong account, money of nobody."""

from typing import Any

import pytest

from core.ids import AccountId, PaymentId, new_id
from core.money import Money
from core.payments.provider import Succeeded
from core.storage.tables import payment
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import MTS, quote_by_sms, rows, says_yes
from tests.fakes import FakeProvider

HUNDRED = Money.roubles(100)
WHO: dict[str, Any] = {"by": "Anna", "why": "application 12"}


@pytest.fixture
async def two_accounts(core: Core) -> tuple[AccountId, AccountId, Any]:
    """A wrong account with 100 roubles that were meant for the right one, and the payment.

    A test module asks for them so: `two = two_accounts`.
    """
    wrong = await open_account(core, tariff=None)
    right = await open_account(core, number="100081", tariff=None)
    await quote_by_sms(core, payer=MTS)
    await says_yes(core, MTS)
    (row,) = await rows(core, payment)
    return wrong, right, row


async def stray_money(
    core: Core, provider: FakeProvider, reference: str = "stray-1", roubles: int = 100
) -> Any:
    said = Succeeded(reference, "999", Money.roubles(roubles), "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), said), headers={})
    (row,) = await rows(core, payment, provider_ref=reference)
    return row
