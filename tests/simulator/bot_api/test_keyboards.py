"""reply_markup: what is taken, what is refused and what the phone then shows."""

import json
from typing import Any

import pytest

from tests.simulator.bot_api.served import Served


def inline(**button: object) -> dict[str, Any]:
    return {"inline_keyboard": [[button]]}


CANNOT = "can't parse inline keyboard button: "


@pytest.mark.parametrize(
    "markup,refusal",
    [
        ([], "object expected as reply markup"),
        ("x", "object expected as reply markup"),
        ({"inline_keyboard": {}}, 'field "inline_keyboard" must be of type Array'),
        (
            {"inline_keyboard": [{}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"keyboard": ["a"]}, 'field "keyboard" must be an Array of Arrays'),
        ({"inline_keyboard": [["a"]]}, f"{CANNOT}InlineKeyboardButton must be an Object"),
        (inline(callback_data="x"), f'{CANNOT}Can\'t find field "text"'),
        (inline(text={}, callback_data="x"), f'{CANNOT}Field "text" must be of type String'),
        (inline(text=" ", callback_data="x"), "inline keyboard button text must be non-empty"),
        (inline(text="a"), f"{CANNOT}Text buttons are unallowed in the inline keyboard"),
        (inline(text="a", callback_data=""), f"{CANNOT}Text buttons are unallowed in the inline keyboard"),
        (inline(text="a", web_app="x"), f'{CANNOT}Field "web_app" must be of type Object'),
        (inline(text="a", callback_data="я" * 33), "BUTTON_DATA_INVALID"),
        (inline(text="a", copy_text={"text": "a" * 257}), "BUTTON_COPY_TEXT_INVALID"),
        (inline(text="a", pay=True), "BUTTON_TYPE_INVALID"),
        ({"inline_keyboard": [[{"text": "a", "callback_data": "a"}] * 101]}, "reply markup is too long"),
        ({"keyboard": [[1]]}, "can't parse keyboard button: KeyboardButton must be a String or an Object"),
        ({"keyboard": [[""]]}, "keyboard button text must be non-empty"),
        (
            {"keyboard": [["a"]], "one_time_keyboard": "x"},
            'field "one_time_keyboard" must be of type Boolean',
        ),
    ],
)
async def test_a_wrong_markup_is_refused(api: Served, chat: int, markup: object, refusal: str) -> None:
    asked = await api.refusal("sendMessage", chat_id=chat, text="a", reply_markup=json.dumps(markup))
    assert asked == (400, f"Bad Request: {refusal}")


@pytest.mark.parametrize(
    "link,reason",
    [
        ("http://localhost/", "Wrong HTTP URL"),
        ("ftp://a.b", "Unsupported URL protocol"),
        ("http://", "URL host is empty"),
        ("http://.", "Host is invalid"),
        ("http://a b.c", "Disallowed character in URL host"),
        ("http://a.b:x", "URL host is empty"),
        ("http://a.b:0", "Wrong port number specified in the URL"),
    ],
)
async def test_a_link_that_leads_nowhere_is_refused(api: Served, chat: int, link: str, reason: str) -> None:
    asked = await api.refusal("sendMessage", chat_id=chat, text="a", reply_markup=inline(text="a", url=link))
    assert asked == (400, f"Bad Request: inline keyboard button URL '{link}' is invalid: {reason}")


@pytest.mark.parametrize(
    "button,kept",
    [
        ({"text": "a", "callback_data": "я" * 32}, {"callback_data": "я" * 32}),
        ({"text": 5, "callback_data": 7}, {"text": "5", "callback_data": "7"}),
        ({"text": "a", "url": "example.com"}, {"url": "http://example.com/"}),
        (
            {"text": "a", "url": "http://127.0.0.1:8080/link/x?a=b"},
            {"url": "http://127.0.0.1:8080/link/x?a=b"},
        ),
        ({"text": "a", "url": "https://[::1]:8080"}, {"url": "https://[::1]:8080/"}),
        ({"text": "a", "url": "https://a.b?c"}, {"url": "https://a.b/?c"}),
        ({"text": "a", "url": "tg:resolve?domain=x"}, {"url": "tg://resolve?domain=x"}),
        ({"text": "a", "copy_text": {"text": "123"}}, {"copy_text": {"text": "123"}}),
        ({"text": "a", "web_app": {"url": "https://a.b/"}}, {"web_app": {"url": "https://a.b/"}}),
        ({"text": "a", "login_url": {"url": "https://a.b/"}}, {"login_url": {"url": "https://a.b/"}}),
        ({"text": "a", "switch_inline_query": ""}, {"switch_inline_query": ""}),
    ],
)
async def test_a_button_is_kept_as_telegram_keeps_it(
    api: Served, chat: int, button: dict[str, object], kept: dict[str, object]
) -> None:
    sent = await api.result(
        "sendMessage", chat_id=chat, text="a", reply_markup={"inline_keyboard": [[button]]}
    )
    assert sent["reply_markup"]["inline_keyboard"] == [[{"text": "a"} | kept]]


async def test_the_phone_shows_what_each_button_does(api: Served, chat: int) -> None:
    rows = [
        [{"text": "a", "callback_data": "x"}, {"text": "b", "url": "https://a.b/"}],
        [],
        [{"text": "c", "copy_text": {"text": "1"}}, {"text": "d", "web_app": {"url": "https://a.b/"}}],
    ]
    await api.result("sendMessage", chat_id=chat, text="a", reply_markup={"inline_keyboard": rows})
    assert (await api.screen())["messages"][-1]["buttons"] == [
        [{"text": "a", "data": "x"}, {"text": "b", "url": "https://a.b/"}],
        [{"text": "c", "copy": "1"}, {"text": "d", "url": "https://a.b/"}],
    ]


async def test_an_empty_markup_is_none(api: Served, chat: int) -> None:
    markups: list[dict[str, object]] = [{}, {"inline_keyboard": [[]]}, {"remove_keyboard": None}]
    for markup in markups:
        sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=markup)
        assert "reply_markup" not in sent


async def test_a_reply_keyboard_stays_until_it_is_removed(api: Served, chat: int) -> None:
    keyboard = {
        "keyboard": [["Баланс"], [{"text": "Мой номер", "request_contact": True}]],
        "input_field_placeholder": "Сумма",
    }
    await api.result("sendMessage", chat_id=chat, text="a", reply_markup=keyboard)
    await api.phone("text", text="Баланс")
    await api.result("sendMessage", chat_id=chat, text="b", reply_markup=inline(text="a", callback_data="x"))
    screen = await api.screen()
    assert screen["reply_keyboard"] == [[{"text": "Баланс"}], [{"text": "Мой номер", "contact": True}]]
    assert screen["placeholder"] == "Сумма"
    await api.result("sendMessage", chat_id=chat, text="c", reply_markup={"remove_keyboard": True})
    assert (await api.screen())["reply_keyboard"] is None


async def test_a_one_time_keyboard_goes_with_its_use(api: Served, chat: int) -> None:
    keyboard = {"keyboard": [["Да"], [{"text": "Номер", "request_contact": True}]], "one_time_keyboard": True}
    await api.result("sendMessage", chat_id=chat, text="a", reply_markup=keyboard)
    await api.phone("text", text="Нет")
    assert (await api.screen())["reply_keyboard"] is not None
    await api.phone("text", text="Да")
    assert (await api.screen())["reply_keyboard"] is None
    await api.result("sendMessage", chat_id=chat, text="a", reply_markup=keyboard)
    await api.phone("contact", own=True)
    assert (await api.screen())["reply_keyboard"] is None


async def test_a_forced_reply_answers_its_message(api: Served, chat: int) -> None:
    markup = {"force_reply": True, "input_field_placeholder": "Номер"}
    asked = await api.result("sendMessage", chat_id=chat, text="Счёт?", reply_markup=markup)
    assert (await api.screen())["force_reply"] is True
    await api.phone("text", text="100080")
    update = (await api.updates())[0]
    assert update["message"]["reply_to_message"]["message_id"] == asked["message_id"]
    assert (await api.screen())["force_reply"] is False


async def test_an_edit_carries_an_inline_keyboard_only(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a")
    target = {"chat_id": chat, "message_id": sent["message_id"], "text": "b"}
    asked = await api.refusal("editMessageText", **target, reply_markup={"keyboard": [["a"]]})
    assert asked == (400, "Bad Request: inline keyboard expected")
