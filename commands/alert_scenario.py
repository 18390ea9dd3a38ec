"""`aliance demo --once`: the account runs low, and both phones are told; one tap comes to the quote."""

from functools import partial

from commands.phones import Json, Phones, until
from commands.talks import Chat, SmsTalk, press_of

DAYS = 7  # of the ten that a hundred roubles more last for: three are left then


async def play_alerts(chat: Chat, phones: Phones, talk: SmsTalk | None, *, account: str, phone: str) -> None:
    print("\nThe account runs low")
    if talk is not None:
        await talk.says("aliance оповещения вкл", account, "всегда")
    heard = len(await phones.received_sms(phone))
    settings = await chat.says("/alerts", account, button="alask")
    asked = await chat.presses(press_of(settings, "alask"), account, button="alsum")
    await chat.presses(press_of(asked, "alsum"), account, "100", button="alday")
    alert = await chat.sees(partial(_wait, phones, DAYS), account, "хватит на", button="chip")
    if talk is not None:
        text = await until(partial(_alert_by_sms, phones, phone, heard, account), "an alert by SMS")
        print(f"  < {text}")
    quote = await chat.presses(press_of(alert, "chip"), account, button="drop")
    await chat.presses(press_of(quote, "drop"), "отменено")


async def _wait(phones: Phones, days: int) -> None:
    await phones.wait(days)
    print(f"    ({days} days later: {await phones.today()})")


async def _alert_by_sms(phones: Phones, phone: str, heard: int, account: str) -> str | None:
    received: list[Json] = (await phones.received_sms(phone))[heard:]
    return next((each["text"] for each in received if f"aliance {account}" in each["text"]), None)
