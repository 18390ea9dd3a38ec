"""Messages sent, edited and deleted, and the refusals in Telegram's words."""

import json
from typing import Any

import pytest

from tests.simulator.bot_api.served import Served, served

BUTTON = {"text": "Да", "callback_data": "yes"}
KEYBOARD = {"inline_keyboard": [[BUTTON]]}
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_message_comes_back_as_it_was_stored(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="<b>👍 да</b> /help", parse_mode="HTML")
    assert sent["text"] == "👍 да /help"
    assert sent["entities"] == [
        {"type": "bold", "offset": 0, "length": 5},
        {"type": "bot_command", "offset": 6, "length": 5},
    ]
    assert sent["from"]["is_bot"]
    assert sent["chat"] == {"id": chat, "first_name": "Абонент 1001", "type": "private"}
    assert "reply_markup" not in sent


async def test_ids_of_messages_grow_within_a_chat(api: Served, chat: int) -> None:
    ids = [(await api.result("sendMessage", chat_id=chat, text="a"))["message_id"] for _ in range(3)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "text,mode,refusal",
    [
        ("", "", "message text is empty"),
        (" \n ", "", "text must be non-empty"),
        ("<b> </b>", "HTML", "text must be non-empty"),
        ("a" * 4097, "", "message is too long"),
        ("👍" * 2049, "", "message is too long"),
        ("я" * 20_000, "", "text is too long"),
        ("<b>x", "html", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        ("*x*", "MarkdownV2", "this simulator reads parse_mode HTML only"),
        ("x", "BBCode", "unsupported parse_mode"),
    ],
)
async def test_a_text_that_cannot_be_sent_is_refused(
    api: Served, chat: int, text: str, mode: str, refusal: str
) -> None:
    asked = await api.refusal("sendMessage", chat_id=chat, text=text, parse_mode=mode)
    assert asked == (400, f"Bad Request: {refusal}")


@pytest.mark.parametrize("text", ["a" * 4096, "👍" * 2048, f"<b>{'&lt;' * 4096}</b>"])
async def test_the_limit_of_a_text_is_counted_after_entities(api: Served, chat: int, text: str) -> None:
    await api.result("sendMessage", chat_id=chat, text=text, parse_mode="HTML")


@pytest.mark.parametrize(
    "chat_id,refusal",
    [
        ("", "chat_id is empty"),
        ("999", "chat not found"),
        ("@nobody", "chat not found"),
        (0, "chat not found"),
    ],
)
async def test_a_chat_that_never_started_the_bot_is_not_found(
    api: Served, chat_id: object, refusal: str
) -> None:
    await api.screen(999)
    for method in ("sendMessage", "sendChatAction", "getChat"):
        asked = await api.refusal(method, chat_id=chat_id, text="a", action="typing")
        assert asked == (400, f"Bad Request: {refusal}")


async def test_a_blocked_bot_can_neither_send_nor_edit(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a")
    await api.phone("block", blocked=True)
    target = {"chat_id": chat, "message_id": sent["message_id"], "text": "b", "action": "typing"}
    for method in ("sendMessage", "editMessageText", "sendChatAction"):
        assert await api.refusal(method, **target) == (403, "Forbidden: bot was blocked by the user")
    await api.phone("block", blocked=False)
    await api.result("sendMessage", **target)


async def test_an_edit_replaces_the_message_and_takes_an_unnamed_keyboard_away(
    api: Served, chat: int
) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=KEYBOARD)
    target = {"chat_id": chat, "message_id": sent["message_id"]}
    edited = await api.result("editMessageText", **target, text="b", reply_markup=KEYBOARD)
    assert (edited["text"], edited["reply_markup"]) == ("b", KEYBOARD)
    assert edited["edit_date"] >= edited["date"]
    assert "reply_markup" not in await api.result("editMessageText", **target, text="b")
    assert (await api.result("editMessageReplyMarkup", **target, reply_markup=KEYBOARD))["text"] == "b"


async def test_an_edit_that_changes_nothing_is_refused(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=KEYBOARD)
    target = {"chat_id": chat, "message_id": sent["message_id"], "reply_markup": KEYBOARD}
    assert await api.refusal("editMessageText", **target, text=" a ") == (400, NOT_MODIFIED)
    assert await api.refusal("editMessageReplyMarkup", **target) == (400, NOT_MODIFIED)
    await api.result("editMessageText", **target, text="<i>a</i>", parse_mode="HTML")


async def test_only_the_bots_own_messages_can_be_edited(api: Served, chat: int) -> None:
    _, body = await api.phone("text", text="mine")
    target = {"chat_id": chat, "message_id": body["message_ids"][0]}
    assert await api.refusal("editMessageText", **target, text="b") == (
        400,
        "Bad Request: message can't be edited",
    )


@pytest.mark.parametrize(
    "method,arguments,refusal",
    [
        ("editMessageText", {"message_id": 1, "text": "b"}, "message to edit not found"),
        ("editMessageText", {"text": "b"}, "message to edit not found"),
        ("editMessageText", {"inline_message_id": "x", "text": "b"}, "MESSAGE_ID_INVALID"),
        ("deleteMessage", {"message_id": 1}, "message to delete not found"),
        ("deleteMessage", {}, "message identifier is not specified"),
        ("deleteMessage", {"chat_id": "", "message_id": 1}, "chat identifier is not specified"),
        ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
        (
            "sendMessage",
            {"text": "a", "reply_parameters": {"message_id": 1}},
            "message to be replied not found",
        ),
        ("sendMessage", {"text": "a", "entities": [1]}, "can't parse MessageEntity: expected an Object"),
        ("sendMessage", {"text": "a", "entities": [{}]}, "can't parse MessageEntity: Can't find field"),
        (
            "sendMessage",
            {"text": "a", "entities": [{"type": "bold", "offset": -1, "length": 1}]},
            "receive an entity with incorrect offset -1",
        ),
        (
            "sendMessage",
            {"text": "a", "entities": [{"type": "bold", "offset": 0, "length": -1}]},
            "receive an entity with incorrect length -1",
        ),
    ],
)
async def test_a_wrong_target_is_refused(
    api: Served, chat: int, method: str, arguments: dict[str, object], refusal: str
) -> None:
    asked = await api.refusal(method, **{"chat_id": chat} | arguments)
    assert asked == (400, f"Bad Request: {refusal}")


async def test_an_edit_that_is_too_long_has_words_of_its_own(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a")
    asked = await api.refusal("editMessageText", chat_id=chat, message_id=sent["message_id"], text="a" * 4097)
    assert asked == (400, "Bad Request: MESSAGE_TOO_LONG")


async def test_a_deleted_message_is_gone(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a")
    assert await api.result("deleteMessage", chat_id=chat, message_id=sent["message_id"]) is True
    assert [message["text"] for message in (await api.screen())["messages"]] == ["/start"]


async def test_entities_may_be_given_instead_of_markup(api: Served, chat: int) -> None:
    given = [{"type": "text_link", "offset": 0, "length": 2, "url": "https://example.com/"}]
    sent = await api.result("sendMessage", chat_id=chat, text="да", entities=json.dumps(given))
    assert sent["entities"] == given


async def test_an_answer_names_the_message_it_answers(api: Served, chat: int) -> None:
    first = await api.result("sendMessage", chat_id=chat, text="a")
    second = await api.result(
        "sendMessage", chat_id=chat, text="b", reply_parameters={"message_id": first["message_id"]}
    )
    assert second["reply_to_message"]["text"] == "a"
    unknown = {"message_id": 1, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await api.result(
        "sendMessage", chat_id=chat, text="c", reply_parameters=unknown
    )


async def test_an_action_shows_until_the_message_comes(api: Served, chat: int) -> None:
    await api.result("sendChatAction", chat_id=chat, action="typing")
    assert (await api.screen())["action"] == "typing"
    await api.result("sendMessage", chat_id=chat, text="a")
    assert (await api.screen())["action"] == ""


async def press(api: Served, chat: int) -> str:
    sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=KEYBOARD)
    _, body = await api.phone("press", message_id=sent["message_id"], data="yes")
    query_id: str = body["query_id"]
    return query_id


async def test_a_press_is_answered_once(api: Served, chat: int) -> None:
    query_id = await press(api, chat)
    waiting = (await api.screen())["waiting"]
    assert [query["data"] for query in waiting] == ["yes"]
    answer: dict[str, Any] = {"callback_query_id": query_id, "text": "Готово", "show_alert": True}
    assert await api.result("answerCallbackQuery", **answer) is True
    assert (await api.screen())["toasts"] == [
        {"query_id": query_id, "text": "Готово", "alert": True, "url": ""}
    ]
    assert (await api.screen())["waiting"] == []
    assert await api.refusal("answerCallbackQuery", **answer) == (400, TOO_OLD)


async def test_an_answer_without_words_shows_nothing(api: Served, chat: int) -> None:
    await api.result("answerCallbackQuery", callback_query_id=await press(api, chat))
    assert (await api.screen())["toasts"] == []


async def test_a_toast_has_two_hundred_characters_at_most(api: Served, chat: int) -> None:
    answer = {"callback_query_id": await press(api, chat), "text": "я" * 201}
    assert await api.refusal("answerCallbackQuery", **answer) == (400, "Bad Request: MESSAGE_TOO_LONG")


async def test_a_press_waits_only_so_long() -> None:
    async with served(lambda bot_api: setattr(bot_api.sending, "query_seconds", 0)) as api:
        api.bot_api.phones.write(1001, "/start")
        query_id = await press(api, 1001)
        assert (await api.screen())["waiting"] == []
        assert await api.refusal("answerCallbackQuery", callback_query_id=query_id) == (400, TOO_OLD)


async def test_eleven_messages_at_once_are_too_many_for_one_chat(api: Served, chat: int) -> None:
    for _ in range(10):
        await api.result("sendMessage", chat_id=chat, text="a")
    status, body = await api.ask("sendMessage", chat_id=chat, text="a")
    assert (status, body["description"]) == (429, "Too Many Requests: retry after 1")
    assert body["parameters"] == {"retry_after": 1}


async def test_thirty_messages_a_second_are_the_most_for_all_chats(api: Served) -> None:
    api.bot_api.rates.per_second = 0.001  # so that nothing flows in while the test runs
    for user in range(1, 32):
        api.bot_api.phones.write(user, "/start")
    for user in range(1, 31):
        await api.result("sendMessage", chat_id=user, text="a")
    assert (await api.refusal("sendMessage", chat_id=31, text="a"))[0] == 429


async def test_rates_can_be_switched_off(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"rates": False})
    for _ in range(40):
        await api.result("sendMessage", chat_id=chat, text="a")
