"""Every notice that the code knows has its words in the chat, in every language, with its longest facts."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from itertools import product
from typing import Any, get_type_hints

import pytest
from aiogram.types import InlineKeyboardMarkup

from core.ids import new_id
from core.messages import alert_notices, autopay_notices, notices, staff_notices
from core.messages.autopay_notices import AutopayDeclined, AutopayWarning, Refunded
from core.messages.notices import Notice
from core.money import Money
from core.notice_states import AlertBySms
from core.payments.provider import REASONS
from core.profile import Profile
from handlers.locale import Catalogues
from handlers.telegram import buttons_autopay as to
from handlers.telegram import texts_broadcast, texts_notices
from handlers.telegram.html import Html

TEXT_LARGEST = 4096  # UTF-16 units, Bot API, sendMessage
KINDS: dict[str, type[Notice]] = {
    kind.template: kind
    for module in (notices, alert_notices, autopay_notices, staff_notices)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Notice) and hasattr(kind, "template")
}
# Replies to an SMS, and codes on their way to a phone.
BY_SMS_ALONE = {
    "quoted", "cancelled", "balance", "help", "stopped", "started", "no_cards", "refused", "history",
    "autopay_state", "autopay_none", "alerts_state", "sms_code", "language_chosen", "advertising",
}  # fmt: skip
IN_A_CHAT = sorted(KINDS.keys() - BY_SMS_ALONE)
LONGEST: dict[Any, Any] = {
    str: "<&>" + "W" * 61,
    Money: Money(9_999_999_999_99),
    date: date(2026, 9, 30),
    datetime: datetime(2026, 9, 30, 12, 59, tzinfo=UTC),
    bool: True,
    int: 366,
    list[str]: ["1234567890"] * 30,
    list[int]: list(range(1, 31)),
    AlertBySms: AlertBySms.WITHOUT_TELEGRAM,
    autopay_notices.PeriodFacts: {"day": 31},
}
NAMED = {"number": "1234567890", "mask": "220012******0004", "url": "https://pay.example/" + "t" * 200}
WORDS_OF_CORE = {
    "refunded": ("autopay_deleted", "card_unlinked", "by provider", "ошибка <оператора>"),
    "autopay_paused": ("by_subscriber", "failed"),
    "autopay_ended": ("until", "no_card"),
    "autopay_declined": tuple(sorted(REASONS)),
    "autopay_card_needed": (*sorted(REASONS), "unlinked"),
}


@pytest.fixture(params=["ru", "en"])
def words(request: pytest.FixtureRequest, profile: Profile) -> Html:
    return Html(Catalogues(profile.zone).words("telegram", request.param))


def test_every_notice_is_either_worded_here_or_goes_by_sms_alone() -> None:
    by_staff = texts_broadcast.TEMPLATES.keys()
    assert set(texts_notices.TEMPLATES) - by_staff | BY_SMS_ALONE == KINDS.keys()
    assert not set(texts_notices.TEMPLATES) & BY_SMS_ALONE


@pytest.mark.parametrize("template", IN_A_CHAT)
def test_a_notice_is_rendered_with_its_longest_and_its_fewest_facts(words: Html, template: str) -> None:
    for said in _instances(template):
        shown = texts_notices.notice(words, template, said.params(), repeat=True)
        assert len(shown.text.encode("utf-16-le")) // 2 <= TEXT_LARGEST
        assert "{" not in shown.text
        assert "<&>" not in shown.text
        assert isinstance(shown.keyboard, InlineKeyboardMarkup)
        assert shown.keyboard.inline_keyboard


@pytest.mark.parametrize("template", sorted(WORDS_OF_CORE))
def test_what_the_core_gives_as_a_reason_is_told_in_different_words(words: Html, template: str) -> None:
    said = {
        each.params()["reason"]: texts_notices.notice(words, template, each.params(), repeat=False).text
        for each in _instances(template)
    }
    assert set(said) == set(WORDS_OF_CORE[template])
    alike = {"abandoned", "other", "by provider", "ошибка <оператора>"}
    told = [text for reason, text in said.items() if reason not in alike]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("template", [each for each in IN_A_CHAT if each.startswith("autopay_")])
def test_a_notice_of_autopay_names_the_account(words: Html, template: str) -> None:
    assert all(
        "1234567890" in texts_notices.notice(words, template, said.params(), repeat=False).text
        for said in _instances(template)
    )


def test_a_warning_s_button_skips_the_date_that_the_warning_counts(words: Html) -> None:
    mandate_id = new_id()
    said = AutopayWarning(
        str(mandate_id), "100080", Money(30000), date(2026, 5, 28), date(2026, 5, 27), "220012******0004"
    )
    shown = texts_notices.notice(words, said.template, said.params(), repeat=False)
    skip = to.SkipCharge(mandate=mandate_id, on=date(2026, 5, 27))
    assert isinstance(shown.keyboard, InlineKeyboardMarkup)
    assert shown.keyboard.inline_keyboard[0][0].callback_data == skip.pack()
    assert words.date(date(2026, 5, 28)) in shown.text


def test_a_decline_tells_the_retry_or_the_next_charge(words: Html) -> None:
    retry, following = date(2026, 5, 30), date(2026, 6, 26)
    again = AutopayDeclined("1", Money(100), None, "other", retry, following)
    given_up = AutopayDeclined("1", Money(100), None, "other", None, following)
    first, second = (
        texts_notices.notice(words, said.template, said.params(), repeat=False).text
        for said in (again, given_up)
    )
    assert words.date(retry) in first
    assert words.date(following) not in first
    assert words.date(following) in second


def test_what_staff_wrote_about_a_refund_stays_with_staff(words: Html) -> None:
    said = Refunded("100080", Money(100), "see ticket 5")
    assert "ticket" not in texts_notices.notice(words, said.template, said.params(), repeat=False).text


def _instances(template: str) -> Iterator[Notice]:
    """With every fact at its longest, and with as few as may be, under each reason of the core's."""
    kind = KINDS[template]
    for fewest, reason in product((False, True), WORDS_OF_CORE.get(template, ("",))):
        hints = get_type_hints(kind)
        yield kind(
            **{field.name: _fact(template, field.name, hints, reason, fewest) for field in fields(kind)}
        )


def _fact(template: str, name: str, hints: dict[str, Any], reason: str, fewest: bool) -> Any:
    if name == "reason" and reason:
        return reason
    if name == "mandate_id":
        return str(new_id())
    kinds = getattr(hints[name], "__args__", ())
    optional = type(None) in kinds
    if fewest and optional:
        return None
    kind = next(each for each in kinds if each is not type(None)) if optional else hints[name]
    if fewest and kind in (bool, list[str]):
        return kind()
    if fewest and kind == autopay_notices.PeriodFacts:
        return {"days": 7}
    if kind is Money and template.startswith("autopay_"):
        return Money(to.KOPECKS_MOST)
    return NAMED.get(name, LONGEST[kind])
