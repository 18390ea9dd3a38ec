"""What staff read of a count before they send: messages and all that they may cost."""

import pytest

from core.money import Money
from core.profile import Profile
from core.use_cases.audiences import Reached
from core.use_cases.broadcast_costs import Cost
from handlers.locale import NBSP, Catalogues
from handlers.telegram.html import Html
from handlers.telegram.texts_desk_words import reached

RU = [
    "12 счетов", "Telegram: 1002 сообщения", "SMS: 3 сообщения, по 2 части, не дороже 30,00 ₽",
    "SMS тем, кто заблокировал бота: ещё не дороже 1 000,00 ₽",
    "Платная скорость Telegram: не дороже 98 звёзд",
]  # fmt: skip
EN = [
    "12 accounts", "Telegram: 1002 messages", "SMS: 3 messages, 2 segments each, at most 30.00 ₽",
    "SMS to who blocked the bot: at most 1,000.00 ₽ more", "Paid rate of Telegram: at most 98 Stars",
]  # fmt: skip


@pytest.mark.parametrize("locale, lines", [("ru", RU), ("en", EN)])
def test_a_count_tells_all_that_it_may_cost(locale: str, lines: list[str], profile: Profile) -> None:
    words = Html(Catalogues(profile.zone).words("telegram", locale))
    found = Reached(12, 1002, 3, Cost(2, Money.roubles(30), Money.roubles(1000), 98))
    assert [line.replace(NBSP, " ") for line in reached(words, found)] == lines
    free = reached(words, Reached(12, 1002, 0))
    assert [line.replace(NBSP, " ") for line in free] == lines[:2]
