"""Notices of cards, autopay, alerts and to staff as a person reads them, with buttons: the golden files."""

from datetime import date
from pathlib import Path

import pytest
from aiogram.types import InlineKeyboardMarkup

from core.messages import autopay_notices as of
from core.messages.alert_notices import Alert, AlertsChanged
from core.messages.notices import Notice
from core.messages.staff_notices import BroadcastWaits
from core.money import Money
from core.notice_states import AlertBySms
from core.profile import Profile
from handlers.locale import Catalogues
from handlers.telegram import texts_alerts, texts_autopay_notices, texts_desk_notices, texts_notices
from handlers.telegram.html import Html

GOLDEN = Path(__file__).parents[2] / "golden"
MASK, SUM = "220012******0004", Money.roubles(500)
NEXT, RETRY, LATER = date(2026, 5, 27), date(2026, 5, 28), date(2026, 6, 26)
MANDATE = "01890a5d-ac96-774b-bcce-b302099a8057"
EXAMPLES: list[Notice] = [
    of.AutopayOffer("100080", SUM, 30, NEXT),
    of.AutopayConnected("100080", SUM, {"days": 30}, NEXT, MASK),
    of.AutopayRequested("100080", SUM, {"day": 5}, NEXT),
    of.AutopayChanged("100080", SUM, {"day": 31}, NEXT, MASK, until=LATER),
    of.AutopayResumed("100080", SUM, {"days": 7}, NEXT, MASK, by_other=True),
    of.AutopayWarning(MANDATE, "100080", SUM, NEXT, NEXT, MASK),
    of.AutopaySkipped("100080", NEXT, LATER),
    of.AutopaySkipped("100080", NEXT, None, by_other=True),
    of.AutopayDeclined("100080", SUM, MASK, "insufficient_funds", RETRY, LATER),
    of.AutopayDeclined("100080", SUM, MASK, "other", None, LATER),
    of.AutopayCardNeeded("100080", SUM, MASK, "card_expired"),
    of.AutopayCardNeeded("100080", SUM, None, "unlinked"),
    of.AutopayPaused("100080", "by_subscriber"),
    of.AutopayPaused("100080", "failed"),
    of.AutopayDeleted("100080", in_flight=False),
    of.AutopayDeleted("100080", in_flight=True, by_other=True),
    of.AutopayEnded("100080", "until"),
    of.AutopayEnded("100080", "no_card"),
    of.CardSaved(MASK),
    of.CardExpiring(MASK, date(2026, 5, 31), ["100080", "166301"]),
    of.CardUnlinked(MASK, ["100080"], in_flight=True),
    of.CardUnlinked(MASK, [], in_flight=False),
    of.Refunded("100080", SUM, "autopay_deleted"),
    Alert("", "days", "100080", Money(95_37), 3, Money.roubles(795), NEXT),
    Alert("", "days", "100080", Money(12_00), 0, Money.roubles(879), NEXT),
    Alert(
        "", "threshold", "100080", Money(199_50), 6, Money.roubles(691), NEXT, threshold=Money.roubles(200)
    ),
    Alert("", "negative", "100080", Money(-3), 0, Money.roubles(891), NEXT),
    Alert("", "grace", "100080", Money(-178_00), 0, Money.roubles(1069), NEXT),
    AlertsChanged(
        "100080", Money(198_19), [3, 1], Money.roubles(200), True, True, AlertBySms.WITHOUT_TELEGRAM
    ),
    AlertsChanged("100080", Money(198_19), [], None, False, True, AlertBySms.NEVER),
    AlertsChanged("100080", Money(198_19), [3], None, False, False, AlertBySms.NEVER, by_other=True),
    BroadcastWaits(12, 3, "Работы <ночью>", "anna", 1200),
    BroadcastWaits(12, 4, "Работы <ночью>", "anna", 1, edit=True),
]


def test_every_notice_of_these_has_an_example() -> None:
    shown = {said.template for said in EXAMPLES}
    worded = texts_alerts.TEMPLATES.keys() | texts_autopay_notices.TEMPLATES.keys()
    assert shown == worded | texts_desk_notices.TEMPLATES.keys() | {"refunded"}


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_the_notices_read_as_in_the_golden_file(locale: str, profile: Profile) -> None:
    words = Html(Catalogues(profile.zone).words("telegram", locale))
    read = "\n".join(_as_read(words, said) for said in EXAMPLES)
    assert read == (GOLDEN / f"telegram_notices_{locale}.txt").read_text(encoding="utf-8")


def _as_read(words: Html, said: Notice) -> str:
    shown = texts_notices.notice(words, said.template, said.params(), repeat=False)
    assert isinstance(shown.keyboard, InlineKeyboardMarkup)
    rows = (" ".join(f"[{button.text}]" for button in row) for row in shown.keyboard.inline_keyboard)
    return "\n".join([said.template, shown.text, *rows, ""])
