"""Whose commission a phone is quoted, and what it is told where it may not be charged."""

from core.ids import Payer
from tests.handlers.sms.conftest import PHONE, Phones

OTHER = "79020000002"


async def test_the_commission_is_that_of_the_operator_whom_the_smsc_names(phones: Phones) -> None:
    assert "комиссия 3 р." in str(await phones.send("aliance 166301 100", sender=OTHER))
    named = await phones.send("aliance 166301 200", sender=OTHER, operator="MTS")
    assert named is not None
    assert named.startswith("Счёт 166301: 200 р., комиссия 16 р. С телефона спишется 216 р.")
    assert str(await phones.send("да 200", sender=OTHER)).endswith("Списано 216 р.")
    assert [each.charge.total.kopecks for each in phones.provider.charges] == [216_00]


async def test_a_reached_limit_and_what_is_left_are_told_in_the_readers_language(phones: Phones) -> None:
    await phones.send("aliance 166301 14000", sender=OTHER)
    await phones.send("да", sender=OTHER)
    assert await phones.send("aliance 166301 1000,50", sender=OTHER) == (
        "С этого телефона за день можно внести до 15000 р., осталось 1000 р. Деньги не списаны."
    )
    await phones.core.subscribers.set_locale(Payer.sms(OTHER), "en")
    assert await phones.send("aliance 166301 1001", sender=OTHER) == (
        "From this phone 15000 RUB a day at most, 1000 RUB is left. Nothing was charged."
    )
    assert str(await phones.send("aliance 166301 1000", sender=OTHER)).startswith("Account 166301: 1000 RUB")
    assert len(phones.provider.charges) == 1


async def test_a_limit_reached_since_the_quote_is_told_instead_of_a_charge(phones: Phones) -> None:
    for sender in ("79020000003", "79020000004"):
        await phones.send("aliance 166301 14500", sender=sender)
    await phones.send("aliance 166301 5000", sender=OTHER)
    for sender in ("79020000003", "79020000004"):
        assert str(await phones.send("да", sender=sender)).startswith("Оплачено")
    assert await phones.send("да", sender=OTHER) == (
        "На счёт 166301 с телефонов за день можно внести до 30000 р. Попробуйте меньше или в другой день. "
        "Деньги не списаны."
    )
    assert len(phones.provider.charges) == 2


async def test_an_accounts_own_phone_is_told_what_is_left_of_its_limit(phones: Phones) -> None:
    for sender in ("79020000003", "79020000004"):
        await phones.send("aliance 100080 14500", sender=sender)
        await phones.send("да", sender=sender)
    assert await phones.send("aliance 100080 1001", sender=PHONE) == (
        "На счёт 100080 с телефонов за день можно внести до 30000 р., осталось 1000 р. Деньги не списаны."
    )
