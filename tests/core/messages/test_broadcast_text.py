"""Texts of broadcasts: what Telegram and the SMSC would refuse is refused while staff write it."""

import pytest

from core.messages.broadcast_text import (
    FIELDS,
    OPT_OUT_BY_SMS,
    faults_of,
    fields_in,
    language_of,
    most_segments,
)
from core.notice_states import BroadcastKind, Reach
from core.states import Channel

SERVICE, ADVERTISING = BroadcastKind.SERVICE, BroadcastKind.ADVERTISING


def _faults(telegram: str) -> list[tuple[str, str]]:
    found = faults_of({"ru": {"telegram": telegram}}, Reach.TELEGRAM, SERVICE, ["ru", "en"])
    assert all((fault.locale, fault.channel) == ("ru", Channel.TELEGRAM) for fault in found)
    return [(fault.what, fault.said) for fault in found]


@pytest.mark.parametrize(
    "text",
    [
        "Работы ночью",
        "<b>a <i>b</i></b> <u>c</u> <s>d</s> <code>x = 1</code>",
        '<a href="https://inetvl.ru/?a=1&amp;b=2">сайт</a>',
        "<A href='tg://user?id=1'>x</A>",
        "Рога & копыта: 5 &gt; 3 &lt; 4 &#33; > ",
        "{name}, на счёте {account} осталось {balance}: {days}, {sum}, {tariff}, {city}, {street}",
        "x" * 4096,
        "&amp;" * 4096,
    ],
)
def test_what_telegram_takes_is_taken(text: str) -> None:
    assert _faults(text) == []


@pytest.mark.parametrize(
    "text, fault",
    [
        ("<b>a", ("tag", "b")),
        ("a</b>", ("tag", "/b")),
        ("<b><i>a</b></i>", ("tag", "/b")),
        ("<p>a</p>", ("tag", "p")),
        ("<b><b>a</b></b>", ("tag", "b")),
        ('<b class="x">a</b>', ("tag", "b")),
        ("<code><b>a</b></code>", ("tag", "b")),
        ("<br/>", ("tag", "<")),
        ("5 < 6", ("tag", "<")),
        ("<b", ("tag", "<")),
        ("<!-- a -->", ("tag", "<")),
        ("<a>a</a>", ("link", "")),
        ('<a href="javascript:alert(1)">a</a>', ("link", 'href="javascript:alert(1)"')),
        ('<a href="https://x.ru/{account}">a</a>', ("link", 'href="https://x.ru/{account}"')),
        ("{phone}", ("field", "phone")),
        ("a { b", ("brace", "")),
        ("{{name}}", ("brace", "")),
        ("x" * 4097, ("too_long", "4097")),
        ("😀" * 2049, ("too_long", "4098")),
        ("x" * 4090 + "{account}", ("too_long", "4100")),
        (" \n", ("missing", "")),
    ],
)
def test_what_telegram_refuses_is_told(text: str, fault: tuple[str, str]) -> None:
    assert fault in _faults(text)


def test_each_language_needs_what_the_reach_needs() -> None:
    texts = {
        "ru": {"telegram": "a", "sms": "b"},
        "en": {"telegram": "c"},
        "de": {"telegram": "d", "sms": "e"},
    }
    found = faults_of(texts, Reach.TELEGRAM_ELSE_SMS, SERVICE, ["ru", "en"])
    assert [(fault.what, fault.locale, fault.channel) for fault in found] == [
        ("language", "de", None),
        ("missing", "en", Channel.SMS),
    ]
    assert faults_of(texts, Reach.TELEGRAM, SERVICE, ["ru", "en", "de"]) == []
    assert [fault.what for fault in faults_of({}, Reach.SMS, SERVICE, ["ru"])] == ["no_text"]


def test_segments_are_those_of_the_longest_language_with_the_longest_values() -> None:
    texts = {"ru": {"sms": "я" * 70}, "en": {"sms": "x" * 160}}
    assert most_segments(texts, SERVICE) == 1
    assert most_segments({"ru": {"sms": "я" * 71}} | {"en": texts["en"]}, SERVICE) == 2
    assert most_segments({"ru": {"sms": "я" * (70 - len(FIELDS["name"])) + "{name}"}}, SERVICE) == 1
    assert most_segments({"ru": {"sms": "я" * (71 - len(FIELDS["name"])) + "{name}"}}, SERVICE) == 2
    assert most_segments({"ru": {"sms": "я" * (71 - len(OPT_OUT_BY_SMS))}}, ADVERTISING) == 2
    assert most_segments({"ru": {"telegram": "a"}}, SERVICE) == 0


def test_ten_segments_are_the_most() -> None:
    for letters, faults in ((670, []), (671, [("too_many_segments", "11")])):
        found = faults_of({"ru": {"sms": "я" * letters}}, Reach.SMS, SERVICE, ["ru"])
        assert [(fault.what, fault.said) for fault in found] == faults


def test_fields_are_found_in_any_text_and_only_those_that_are_ours() -> None:
    assert fields_in({"ru": {"sms": "{days} {x}"}, "en": {"telegram": "{name}"}}) == {"days", "name"}
    assert fields_in({"ru": {"sms": "days"}}) == frozenset()


def test_a_person_reads_his_language_else_the_default_else_the_first() -> None:
    texts = {"en": {"sms": "hello"}, "ru": {"sms": "привет"}}
    assert language_of(texts, "en", "ru") == "en"
    assert language_of(texts, "de", "ru") == "ru"
    assert language_of({"en": {"sms": "hello"}}, "de", "ru") == "en"
