"""What the bot says of itself: commands, names, descriptions, the menu button."""

import json

import pytest

from tests.simulator.bot_api.served import Served

RU = [{"command": "balance", "description": "Баланс"}]
EN = [{"command": "balance", "description": "Balance"}]
ONE = [{"command": "staff", "description": "Для сотрудников"}]


async def test_the_phone_lists_the_commands_of_the_narrowest_scope_and_its_language(
    api: Served, chat: int
) -> None:
    assert (await api.screen())["commands"] == []
    await api.result("setMyCommands", commands=RU)
    await api.result("setMyCommands", commands=EN, language_code="en", scope={"type": "all_private_chats"})
    assert (await api.screen())["commands"] == RU
    await api.phone("profile", language_code="en")
    assert (await api.screen())["commands"] == EN
    scope = {"type": "chat", "chat_id": chat}
    await api.result("setMyCommands", commands=json.dumps(ONE), scope=json.dumps(scope))
    assert (await api.screen())["commands"] == ONE
    await api.result("deleteMyCommands", scope=scope)
    assert (await api.screen())["commands"] == EN


async def test_commands_are_read_back_by_scope_and_language(api: Served) -> None:
    await api.result("setMyCommands", commands=[{"command": " /balance ", "description": " Баланс "}])
    assert await api.result("getMyCommands") == RU
    assert await api.result("getMyCommands", language_code="ru") == []
    await api.result("setMyCommands", commands=[])
    assert await api.result("getMyCommands") == []


@pytest.mark.parametrize(
    "arguments,refusal",
    [
        ({"commands": {}}, "expected an Array of BotCommand"),
        ({"commands": "["}, "can't parse commands JSON object"),
        ({"commands": [1]}, "can't parse BotCommand: expected an Object"),
        ({"commands": [{"command": "a"}]}, "can't parse BotCommand: Can't find field \"description\""),
        ({"commands": [{"command": "/", "description": "a"}]}, "command must be non-empty"),
        ({"commands": [{"command": "a", "description": " "}]}, "command description must be non-empty"),
        (
            {"commands": [{"command": "a", "description": "я" * 257}]},
            "command description length must not exceed 256",
        ),
        ({"commands": [{"command": "Баланс", "description": "a"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a" * 33, "description": "a"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": RU * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"language_code": "rus"}, "invalid language code specified"),
        ({"scope": 1}, "can't parse BotCommandScope: BotCommandScope must be an Object"),
        ({"scope": {"type": "all"}}, "can't parse BotCommandScope: Unsupported type specified"),
        ({"scope": {"type": "chat"}}, "can't parse BotCommandScope: Empty chat_id specified"),
        ({"scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
    ],
)
async def test_wrong_commands_are_refused(api: Served, arguments: dict[str, object], refusal: str) -> None:
    assert await api.refusal("setMyCommands", **arguments) == (400, f"Bad Request: {refusal}")


@pytest.mark.parametrize(
    "title,what,most", [("Name", "name", 64), ("Description", "description", 512),
                        ("ShortDescription", "short_description", 120)],
)  # fmt: skip
async def test_a_text_of_the_bot_has_languages(api: Served, title: str, what: str, most: int) -> None:
    first = await api.result(f"getMy{title}")
    assert first == {what: "Альянс" if what == "name" else ""}
    await api.result(f"setMy{title}", **{what: "Все"})
    await api.result(f"setMy{title}", **{what: "All", "language_code": "en"})
    assert await api.result(f"getMy{title}", language_code="en") == {what: "All"}
    assert await api.result(f"getMy{title}", language_code="de") == {what: "Все"}
    await api.result(f"setMy{title}", **{what: "", "language_code": "en"})
    assert await api.result(f"getMy{title}", language_code="en") == {what: "Все"}
    assert (await api.refusal(f"setMy{title}", **{what: "a" * (most + 1)}))[0] == 400


async def test_the_name_is_seen_by_the_phone_and_by_get_me(api: Served) -> None:
    await api.screen(5)
    await api.result("setMyName", name="Альянс Телеком")
    assert api.topics == ["telegram:5"]
    assert (await api.result("getMe"))["first_name"] == "Альянс Телеком"
    assert (await api.screen())["bot"]["name"] == "Альянс Телеком"


async def test_the_menu_button_of_a_chat_is_before_that_of_all(api: Served, chat: int) -> None:
    assert await api.result("getChatMenuButton") == {"type": "default"}
    await api.result("setChatMenuButton", menu_button={"type": "commands"})
    assert await api.result("getChatMenuButton", chat_id=chat) == {"type": "commands"}
    page = {"type": "web_app", "text": "Кабинет", "web_app": {"url": "https://a.b/"}}
    await api.result("setChatMenuButton", chat_id=chat, menu_button=page)
    assert (await api.screen())["menu"] == page
    await api.result("setChatMenuButton")
    assert await api.result("getChatMenuButton") == {"type": "default"}


@pytest.mark.parametrize(
    "arguments,refusal",
    [
        ({"menu_button": 1}, "can't parse menu button: MenuButton must be an Object"),
        ({"menu_button": {"type": "x"}}, "can't parse menu button: MenuButton has unsupported type"),
        ({"chat_id": 5}, "chat not found"),
    ],
)
async def test_a_wrong_menu_button_is_refused(
    api: Served, arguments: dict[str, object], refusal: str
) -> None:
    assert await api.refusal("setChatMenuButton", **arguments) == (400, f"Bad Request: {refusal}")


async def test_a_chat_is_told_of(api: Served, chat: int) -> None:
    known = await api.result("getChat", chat_id=chat)
    assert (known["id"], known["type"], known["first_name"]) == (chat, "private", "Абонент 1001")
