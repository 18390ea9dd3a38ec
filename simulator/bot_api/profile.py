"""What the bot says of itself: commands by scope and language, name, descriptions, the menu button."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.bot_api.arguments import Arguments
from simulator.bot_api.chats import Chats
from simulator.bot_api.errors import ApiObject, bad_request

COMMAND = re.compile(r"^[a-z0-9_]{1,32}$")
DESCRIPTION_CHARACTERS = 256
COMMANDS_MOST = 100
LANGUAGE = re.compile(r"^([a-z]{2})?$")
SHARED_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")
TEXT_CHARACTERS = {"name": 64, "description": 512, "short_description": 120}

Scope = tuple[str, int]  # its type and its chat, 0 where it has none


@dataclass
class Profile:
    chats: Chats
    name: str
    changed: Callable[[], None]  # every phone shows it
    _commands: dict[tuple[Scope, str], list[ApiObject]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], str] = field(default_factory=dict)
    _menus: dict[int, ApiObject] = field(default_factory=dict)

    def commands_for(self, user_id: int, language: str) -> list[ApiObject]:
        """What the phone lists under "/": the narrowest scope wins, and in it the person's language."""
        for scope in (("chat", user_id), ("all_private_chats", 0), ("default", 0)):
            for code in (language, ""):
                if (scope, code) in self._commands:
                    return self._commands[scope, code]
        return []

    def text_for(self, what: str, language: str) -> str:
        fallback = self._texts.get((what, ""), self.name if what == "name" else "")
        return self._texts.get((what, language), fallback)

    def menu_for(self, user_id: int) -> ApiObject:
        return self._menus.get(user_id) or self._menus.get(0) or {"type": "default"}

    async def set_commands(self, call: Arguments) -> bool:
        commands = call.nested("commands", called="commands")
        if commands is not None and not isinstance(commands, list):
            raise bad_request("Expected an Array of BotCommand")
        read = [_command(command) for command in commands or []]
        if len(read) > COMMANDS_MOST:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        key = self._scope(call), _language(call)
        if read:
            self._commands[key] = read
        else:
            self._commands.pop(key, None)
        self.changed()
        return True

    async def get_commands(self, call: Arguments) -> list[ApiObject]:
        return self._commands.get((self._scope(call), _language(call)), [])

    async def delete_commands(self, call: Arguments) -> bool:
        self._commands.pop((self._scope(call), _language(call)), None)
        self.changed()
        return True

    async def set_menu_button(self, call: Arguments) -> bool:
        self._menus[self._menu_chat(call)] = _menu_button(call.nested("menu_button", called="menu button"))
        self.changed()
        return True

    async def get_menu_button(self, call: Arguments) -> ApiObject:
        return self.menu_for(self._menu_chat(call))

    def set_text(self, what: str, call: Arguments) -> bool:
        text = call.text(what).strip()
        if len(text) > TEXT_CHARACTERS[what]:
            raise bad_request("BOT_TITLE_INVALID" if what == "name" else f"{what} is too long")
        key = what, _language(call)
        if text:
            self._texts[key] = text
        else:
            self._texts.pop(key, None)
        self.changed()
        return True

    def get_text(self, what: str, call: Arguments) -> ApiObject:
        return {what: self.text_for(what, _language(call))}

    def _scope(self, call: Arguments) -> Scope:
        scope = call.nested("scope", called="BotCommandScope")
        if scope is None:
            return "default", 0
        complaint = "Can't parse BotCommandScope: "
        if not isinstance(scope, dict):
            raise bad_request(f"{complaint}BotCommandScope must be an Object")
        kind = scope.get("type")
        if kind in SHARED_SCOPES:
            return kind, 0
        if kind not in CHAT_SCOPES:
            raise bad_request(f"{complaint}Unsupported type specified")
        chat_id = Arguments({"chat_id": str(scope.get("chat_id", ""))})
        if not chat_id.text("chat_id"):
            raise bad_request(f"{complaint}Empty chat_id specified")
        return kind, self._known_chat(chat_id.integer("chat_id"))

    def _menu_chat(self, call: Arguments) -> int:
        return self._known_chat(call.integer("chat_id")) if call.has("chat_id") else 0

    def _known_chat(self, chat_id: int) -> int:
        if self.chats.known(chat_id) is None:
            raise bad_request("chat not found")
        return chat_id


def _command(command: Any) -> ApiObject:
    complaint = "Can't parse BotCommand: "
    if not isinstance(command, dict):
        raise bad_request(f"{complaint}expected an Object")
    for name in ("command", "description"):
        if not isinstance(command.get(name), str):
            raise bad_request(f'{complaint}Can\'t find field "{name}"')
    name = command["command"].strip().removeprefix("/")
    description = command["description"].strip()
    if not name:
        raise bad_request("Command must be non-empty")
    if not description:
        raise bad_request("Command description must be non-empty")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise bad_request(f"Command description length must not exceed {DESCRIPTION_CHARACTERS}")
    if not COMMAND.match(name):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": name, "description": description}


def _language(call: Arguments) -> str:
    language = call.text("language_code")
    if not LANGUAGE.match(language):
        raise bad_request("Invalid language code specified")
    return language


def _menu_button(button: Any) -> ApiObject:
    complaint = "Can't parse menu button: "
    if button is None:
        return {"type": "default"}
    if not isinstance(button, dict):
        raise bad_request(f"{complaint}MenuButton must be an Object")
    if button.get("type") in ("default", "commands"):
        return {"type": button["type"]}
    if button.get("type") != "web_app":
        raise bad_request(f"{complaint}MenuButton has unsupported type")
    return {"type": "web_app", "text": str(button.get("text", "")), "web_app": button.get("web_app", {})}
