"""`aliance demo --once`: four months with a saved card: one tap, autopay, no money, lost, unlinked."""

from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from commands.phones import Json, Off, Phones, field
from commands.talks import Chat, must_hold, page_of, press_of
from core.money import Money
from handlers.locale import Catalogues

PAID = [Money.roubles(300), Money.roubles(500)]  # in one tap, and by autopay
PERIOD = timedelta(days=30)
RETRIES = (1, 3, 5)  # days after the scheduled one
DECLINES = 1 + len(RETRIES) + 1  # a cycle without money, and then a lost card


async def play_autopay(
    chat: Chat, phones: Phones, zone: ZoneInfo, offer: Json, *, account: str, mask: str
) -> None:
    """Connect what is offered; let it pay, fail, try again and need another card; delete it and unlink."""
    print("\nAutopay of the remembered card")
    story = _Story(chat, phones, Catalogues(zone), account, mask)
    first = await story.connects(offer)
    await story.pays_in_one_tap()  # and changes nothing of what was agreed to
    await story.is_warned(first)
    await story.is_charged()
    await phones.set_saved_cards("insufficient_funds")
    print("    (the card has no money)")
    second = first + PERIOD
    await story.is_warned(second)
    await story.is_refused(second)
    await phones.set_saved_cards("card_lost")
    print("    (the card is reported lost)")
    third = second + PERIOD
    await story.is_warned(third)
    await story.needs_a_card()
    await story.ends_it()
    await phones.set_saved_cards("pays")
    await story.hears_nothing_more()


class _Story:
    def __init__(self, chat: Chat, phones: Phones, catalogues: Catalogues, account: str, mask: str) -> None:
        self._chat = chat
        self._phones = phones
        self._words = catalogues.words("telegram", "ru")
        self._account = account
        self._mask = mask

    async def connects(self, offer: Json) -> date:
        first = await self._phones.today() + PERIOD
        terms = await self._chat.presses(press_of(offer, "a"), self._day(first), self._mask, button="ay")
        await self._chat.presses(press_of(terms, "ay"), "подключён", self._day(first), self._mask)
        return first

    async def pays_in_one_tap(self) -> None:
        await self._chat.says("/pay", self._account, button="amount")
        quote = await self._chat.says("300", self._account, "300", button="confirm")
        by_card = press_of(quote, "confirm")
        must_hold(by_card.text, self._mask)
        page = page_of(await self._chat.presses(by_card, self._account, button="url"))

        async def pay() -> None:
            print("    (gives the CVC on the page)")
            form = {"form": field(await self._phones.open(page), "form"), "card": "saved", "cvc": "123"}
            must_hold(await self._phones.submit(page, form), self._mask, 'data-status="succeeded"')

        await self._chat.sees(pay, "Деньги на счёте", self._account, "300", self._mask)

    async def is_warned(self, on: date) -> None:
        """On the day before."""
        days = (on - await self._phones.today()).days - 1
        await self._sees_after(days, self._account, self._day(on), self._mask, button="skip")

    async def is_charged(self) -> None:
        await self._sees_after(1, "Деньги на счёте", self._account, "500", self._mask)

    async def is_refused(self, scheduled: date) -> None:
        """On its day, and at each retry; the last one names the next charge."""
        waited = 0
        for at, following in zip((0, *RETRIES), (*RETRIES, None), strict=True):
            again = scheduled + (PERIOD if following is None else timedelta(following))
            days, waited = (1 if at == 0 else at - waited), at
            await self._sees_after(days, "500", self._mask, self._day(again), button="chip")

    async def needs_a_card(self) -> None:
        await self._sees_after(1, self._account, self._mask, button="save")

    async def ends_it(self) -> None:
        screen = await self._chat.says("/autopay", self._account, button="delete")
        asked = await self._chat.presses(press_of(screen, "delete"), self._account, button="deleted")
        await self._chat.presses(press_of(asked, "deleted"), self._account, "удалён")
        cards = await self._chat.says("/cards", self._mask, button="card")
        card = await self._chat.presses(press_of(cards, "card"), self._mask, button="forget")
        await self._chat.presses(press_of(card, "forget"), self._mask, "отвязана")

    async def hears_nothing_more(self) -> None:
        before = await self._chat.messages(), await self._phones.provider_books()
        await self._wait(PERIOD.days)
        if (await self._chat.messages(), await self._phones.provider_books()) != before:
            raise Off("something was told or charged after autopay was deleted")
        print("    (nothing was told or charged)")
        declined = [each for each in before[1] if each["status"] == "declined"]
        if len(declined) != DECLINES:
            raise Off(f"the bank declined {len(declined)} charges, not {DECLINES}")

    async def _sees_after(self, days: int, *expected: str, button: str = "") -> None:
        await self._chat.sees(partial(self._wait, days), *expected, button=button)

    async def _wait(self, days: int) -> None:
        await self._phones.wait(days)
        unit = "day" if days == 1 else "days"
        print(f"    ({days} {unit} later: {await self._phones.today()})")

    def _day(self, day: date) -> str:
        return self._words.date(day)
