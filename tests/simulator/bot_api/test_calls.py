"""How a call comes in and an answer goes out: encodings, tokens, names of methods."""

import io
import json
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bot_api.arguments import of_body
from simulator.bot_api.errors import ApiError
from simulator.bot_api.server import BotApi
from tests.simulator.bot_api.served import TOKEN, USER, Served

TEXT = "Счёт 100 + 👍 & =?"
KEYBOARD = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}


METHODS = [
    *("sendMessage", "editMessageText", "editMessageReplyMarkup", "deleteMessage", "sendChatAction"),
    *("setMyCommands", "getMyCommands", "deleteMyCommands", "setChatMenuButton", "answerCallbackQuery"),
    *("setMyName", "getMyDescription", "getChat", "getUpdates", "getWebhookInfo", "deleteWebhook"),
]
NAMES = st.sampled_from(
    [
        *("chat_id", "message_id", "text", "parse_mode", "entities", "reply_markup", "reply_parameters"),
        *("inline_keyboard", "keyboard", "url", "callback_data", "copy_text", "web_app", "type", "offset"),
        *("length", "commands", "command", "description", "scope", "menu_button", "language_code", "limit"),
        *("action", "name", "allowed_updates", "force_reply", "one_time_keyboard", "user", "login_url"),
    ]
)
FLAT = {"chat_id": str(USER), "text": TEXT, "reply_markup": json.dumps(KEYBOARD)}


@pytest.mark.parametrize(
    "http_method,carried",
    [
        ("GET", {"params": FLAT}),
        ("POST", {"params": FLAT}),
        ("POST", {"data": FLAT}),
        ("POST", {"json": {"chat_id": USER, "text": TEXT, "reply_markup": KEYBOARD}}),
        ("POST", {"json": FLAT}),
        ("POST", {"multipart": FLAT}),
    ],
)
async def test_a_message_is_the_same_in_every_encoding(
    api: Served, chat: int, http_method: str, carried: dict[str, Any]
) -> None:
    if "multipart" in carried:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in carried["multipart"].items():
            form.add_field(name, value)
        carried = {"data": form}
    url = f"{api.url}/bot{TOKEN}/sendMessage"
    async with api.session.request(http_method, url, **carried) as answer:
        body = await answer.json()
    assert body["result"]["text"] == TEXT
    assert body["result"]["reply_markup"] == KEYBOARD


@pytest.mark.parametrize("text", ["100", "true", "null", "1e3", "007", "[]"])
async def test_a_text_that_looks_like_a_number_stays_text(api: Served, chat: int, text: str) -> None:
    assert (await api.result("sendMessage", chat_id=str(chat), text=text))["text"] == text
    await api.phone("text", text=text)
    assert (await api.updates())[0]["message"]["text"] == text


@pytest.mark.parametrize(
    "path,code,description",
    [
        ("/botnonsense/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot4200:wrong/getMe", 401, "Unauthorized"),
        (f"/bot{TOKEN}/getNothing", 404, "Not Found: method not found"),
        (f"/bot{TOKEN}", 404, "Not Found"),
        (f"/bot{TOKEN}/", 404, "Not Found"),
        (f"/bot{TOKEN}/a/b", 404, "Not Found"),
    ],
)
async def test_a_wrong_address_is_answered_as_telegram_does(
    api: Served, path: str, code: int, description: str
) -> None:
    async with api.session.get(f"{api.url}{path}") as answer:
        assert answer.status == code
        assert await answer.json() == {"ok": False, "error_code": code, "description": description}


@pytest.mark.parametrize(
    "body,kind,description",
    [
        (b"{", "application/json", "can't parse parameter value"),
        (b"[1]", "application/json", "JSON object expected"),
        (b'{"text": "\\ud83d"}', "application/json", "strings must be encoded in UTF-8"),
        (b"\xff", "application/json", "strings must be encoded in UTF-8"),
        (b"text=%ff", "application/x-www-form-urlencoded", "strings must be encoded in UTF-8"),
        (b'{"chat_id": 1001, "text": "a", "reply_markup": "{"}', "application/json; charset=utf-8",
         "can't parse reply keyboard markup JSON object"),
        (b'{"chat_id": 1001, "text": "a", "reply_markup": null}', "application/json",
         "object expected as reply markup"),
        (b"[" * 5000, "application/json", "can't parse parameter value"),
        (b'{"chat_id": 1001, "text": "a", "reply_markup": {"keyboard": [["\\ud83d"]]}}', "application/json",
         "strings must be encoded in UTF-8"),
        (b'{"chat_id": 1001, "text": "a", "reply_markup": "[\\"\\\\ud83d\\"]"}', "application/json",
         "strings must be encoded in UTF-8"),
        (b"", "application/json", "message text is empty"),
        (b"text=a", "text/plain", "message text is empty"),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_a_bad_request(
    api: Served, body: bytes, kind: str, description: str
) -> None:
    url = f"{api.url}/bot{TOKEN}/sendMessage"
    async with api.session.post(url, data=body, headers={"Content-Type": kind}) as answer:
        assert (answer.status, (await answer.json())["description"]) == (400, f"Bad Request: {description}")


async def test_a_body_that_is_too_big_is_refused(api: Served) -> None:
    body = io.BytesIO(b"text=" + b"a" * (1 << 20))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with api.session.post(f"{api.url}/bot{TOKEN}/sendMessage", data=body, headers=headers) as answer:
        assert (answer.status, (await answer.json())["description"]) == (413, "Request Entity Too Large")


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, USER)
    | st.text(max_size=5)
    | st.sampled_from(["chat", "HTML"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(METHODS), st.dictionaries(NAMES, JSON_LIKE, max_size=6))
async def test_whatever_comes_is_answered_or_refused(method: str, values: dict[str, Any]) -> None:
    bot_api = BotApi(TOKEN, bus=lambda topic: None)
    bot_api.phones.write(USER, "/start")
    body = json.dumps({"chat_id": USER, "text": "a"} | values).encode()
    try:
        answer = await bot_api.perform(method, of_body(body, "application/json"))
    except ApiError as refusal:
        answer = refusal.body()
    json.dumps(answer, default=vars).encode()


async def test_the_name_of_a_method_does_not_depend_on_case(api: Served) -> None:
    assert (await api.result("GETme"))["username"] == "aliance_demo_bot"


async def test_calls_are_kept_for_tests_to_look_at(api: Served) -> None:
    await api.result("getMe", some=1)
    assert (api.bot_api.calls[-1].method, api.bot_api.calls[-1].arguments) == ("getme", {"some": "1"})
