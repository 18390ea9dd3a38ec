"""YooKassa's register: what was taken and given back in a period, whole or not at all."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import SystemClock
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import Refunded, RegisterLine, RegisterUnavailable, Succeeded
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers import yookassa_desk as documents
from tests.providers.faults import Fault
from tests.providers.yookassa_desk import YooKassaDesk
from tests.providers.yookassa_scenes import CHARGE, adapter, started


async def test_the_register_holds_what_was_taken_and_given_back_in_a_period(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    desk.page = 2
    charges = [replace(CHARGE, id=PaymentId(new_id())) for _ in range(5)]
    references = [await started(yookassa, charge) for charge in charges]
    for reference in references[:4]:
        desk.pays(reference)
    desk.declines(references[4])
    desk.gives_back(references[0], "100.00")
    desk.payments[references[3]]["recipient"] = {"account_id": "another shop"}
    since, until = SystemClock().now() - timedelta(days=1), SystemClock().now() + timedelta(days=1)
    lines = [line async for line in yookassa.register(since, until)]
    taken = [line for line in lines if isinstance(line.money, Succeeded)]
    assert {line.money.reference for line in taken} == set(references[:3])
    assert {line.payment_id for line in taken} == {charge.id for charge in charges[:3]}
    (back,) = (line for line in lines if isinstance(line.money, Refunded))
    assert back.money == Refunded(next(iter(desk.refunds)), references[0], Money(100_00), "RUB")
    assert [line async for line in yookassa.register(until, until + timedelta(days=1))] == []


async def test_the_period_is_cut_to_the_millisecond(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await started(yookassa)
    desk.pays(reference)
    at = datetime.fromisoformat(desk.payments[reference]["captured_at"])
    before, after = timedelta(days=-1), timedelta(milliseconds=1)
    assert [line async for line in yookassa.register(at + before, at)] == []
    (line,) = [line async for line in yookassa.register(at, at + after)]
    assert line == RegisterLine(at, line.money, payment_id=CHARGE.id, method=Method.CARD)


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_register_that_does_not_come_whole_is_none(desk: YooKassaDesk, fault: Fault) -> None:
    hasty = adapter(desk.url, timeout=0.3)
    desk.page = 1
    for _ in range(2):
        desk.pays(await started(hasty, replace(CHARGE, id=PaymentId(new_id()))))
    now = SystemClock().now()
    lines = hasty.register(now - timedelta(days=1), now + timedelta(days=1))
    assert isinstance(await anext(lines), RegisterLine)
    desk.faults.then(fault)
    with pytest.raises(RegisterUnavailable):
        [line async for line in lines]
    await hasty.close()


async def test_a_register_with_a_line_that_cannot_be_read_is_none(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await started(yookassa)
    desk.pays(reference)
    desk.payments[reference]["amount"] = "500"
    with pytest.raises(RegisterUnavailable):
        [line async for line in yookassa.register(documents.START, SystemClock().now() + timedelta(days=1))]
