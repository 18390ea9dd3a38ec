"""The person's side: each thing done with the phone is one update and one change on the page."""

from typing import Any

import pytest

from tests.simulator.bot_api.served import USER, Served

KEYBOARD = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}


async def test_a_message_is_an_update_and_a_change_on_the_page(api: Served) -> None:
    status, body = await api.phone("text", text="  /start 👍 \n")
    update = (await api.updates())[0]
    assert update["message"]["text"] == "/start 👍"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert update["message"]["from"] == {
        "id": USER,
        "is_bot": False,
        "first_name": "Абонент 1001",
        "language_code": "ru",
    }
    assert (status, body) == (200, {"message_ids": [update["message"]["message_id"]]})
    assert api.topics == [f"telegram:{USER}"]


async def test_a_long_text_comes_as_several_messages(api: Served) -> None:
    await api.phone("text", text="a" * 4096 + "b")
    assert [update["message"]["text"] for update in await api.updates()] == ["a" * 4096, "b"]


@pytest.mark.parametrize(
    "link,started",
    [
        ("https://t.me/aliance_demo_bot?start=a_B-9", "/start a_B-9"),
        ("https://t.me/Aliance_Demo_Bot", "/start"),
        ("http://telegram.me/aliance_demo_bot?start=", "/start"),
        ("https://t.me/other_bot?start=x", None),
        ("https://t.me/aliance_demo_bot?start=a=b", None),
        ("https://example.com/aliance_demo_bot", None),
    ],
)
async def test_a_deep_link_starts_the_bot_with_its_payload(
    api: Served, link: str, started: str | None
) -> None:
    assert await api.phone("open", url=link) == (200, {"started": started is not None})
    assert [update["message"]["text"] for update in await api.updates()] == ([started] if started else [])


@pytest.mark.parametrize(
    "body,contact",
    [
        ({"own": True}, {"phone_number": "79140001001", "first_name": "Абонент 1001", "user_id": USER}),
        (
            {"own": False},
            {"phone_number": "79141001001", "first_name": "Абонент 1001001", "user_id": 1_001_001},
        ),
        (
            {"own": False, "registered": False, "phone": "79990001122"},
            {"phone_number": "79990001122", "first_name": "Абонент 1001001"},
        ),
    ],
)
async def test_a_contact_says_whose_it_is(
    api: Served, body: dict[str, Any], contact: dict[str, object]
) -> None:
    await api.phone("contact", **body)
    message = (await api.updates())[0]["message"]
    assert message["contact"] == contact
    assert "text" not in message
    assert (await api.screen())["messages"][0]["contact"] == contact


async def test_a_contact_from_the_keyboard_answers_the_question(api: Served, chat: int) -> None:
    markup = {"keyboard": [[{"text": "Номер", "request_contact": True}]]}
    asked = await api.result("sendMessage", chat_id=chat, text="Номер?", reply_markup=markup)
    await api.phone("profile", phone="+79147654321")
    await api.phone("contact", own=True)
    message = (await api.updates())[0]["message"]
    assert message["reply_to_message"]["message_id"] == asked["message_id"]
    assert message["contact"]["phone_number"] == "+79147654321"
    assert (await api.screen())["reply_keyboard"] is not None


async def test_a_forwarded_contact_says_so(api: Served) -> None:
    await api.phone("contact", own=True, forwarded=True)
    assert (await api.updates())[0]["message"]["forward_origin"]["type"] == "user"


async def test_a_press_tells_the_message_and_the_chat_instance(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=KEYBOARD)
    queries = []
    for _ in range(2):
        _, body = await api.phone("press", message_id=sent["message_id"], data="yes")
        queries.append(body["query_id"])
    updates = [update["callback_query"] for update in await api.updates()]
    assert [query["id"] for query in updates] == queries
    assert updates[0]["data"] == "yes"
    assert updates[0]["message"]["reply_markup"] == KEYBOARD
    assert updates[0]["chat_instance"] == updates[1]["chat_instance"]
    assert queries[0] != queries[1]


async def test_only_a_button_that_is_shown_can_be_pressed(api: Served, chat: int) -> None:
    sent = await api.result("sendMessage", chat_id=chat, text="a", reply_markup=KEYBOARD)
    target = {"message_id": sent["message_id"], "data": "no"}
    assert await api.phone("press", **target) == (409, {"error": "no such button"})
    assert await api.phone("press", message_id=1, data="yes") == (409, {"error": "no such message"})
    assert (await api.phone("press", **target, stale=True))[0] == 200


async def test_a_block_is_told_once_and_stops_the_person_too(api: Served, chat: int) -> None:
    for _ in range(2):
        await api.phone("block", blocked=True)
    change = (await api.updates())[0]["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")
    assert len(await api.updates()) == 1
    assert await api.phone("text", text="a") == (409, {"error": "the bot is blocked"})
    await api.phone("block", blocked=False)
    change = (await api.updates())[1]["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("kicked", "member")


@pytest.mark.parametrize(
    "action,body,status",
    [
        ("text", {"text": " "}, 409),
        ("text", {}, 400),
        ("press", {"message_id": "x", "data": ""}, 400),
        ("open", {"link": "x"}, 400),
    ],
)
async def test_what_a_phone_cannot_do_is_refused(
    api: Served, action: str, body: dict[str, Any], status: int
) -> None:
    answered, told = await api.phone(action, **body)
    assert (answered, set(told)) == (status, {"error"})


async def test_a_body_that_is_no_json_is_refused(api: Served) -> None:
    async with api.session.post(f"{api.url}/phone/telegram/1/text", data=b"{") as answer:
        assert answer.status == 400


async def test_each_person_has_a_phone_of_their_own(api: Served) -> None:
    await api.phone("text", user=1, text="a")
    await api.phone("profile", user=2, language_code="en")
    assert [len((await api.screen(user))["messages"]) for user in (1, 2)] == [1, 0]
    assert (await api.screen(2))["profile"] == {
        "first_name": "Абонент 2",
        "language_code": "en",
        "phone": "79140000002",
    }
