"""The phone as JSON over HTTP: what is on its screen, and what a person can do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.bot_api.chats import Chat, Message
from simulator.bot_api.errors import ApiObject
from simulator.bot_api.files import Upload
from simulator.bot_api.phone import PhoneError, Phones

MESSAGES_SHOWN = 200


class Screen:
    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    def routes(self) -> list[web.RouteDef]:
        actions: dict[str, Callable[[int, ApiObject], ApiObject]] = {
            "text": self._text,
            "press": self._press,
            "contact": self._contact,
            "block": self._block,
            "open": self._open,
            "profile": self._profile,
        }
        place = "/phone/telegram/{user:[0-9]+}"
        acting = [web.post(f"{place}/{name}", _answering(action)) for name, action in actions.items()]
        return [
            web.get(f"{place}/messages", self._messages),
            web.get(f"{place}/files/{{message:[0-9]+}}", self._file),
            web.post(f"{place}/document", self._document),
            *acting,
        ]

    def seen(self, user_id: int) -> ApiObject:
        chat = self._phones.chats.of(user_id)
        profile, person = self._phones.profile, chat.person
        return {
            "messages": [_message(message) for message in list(chat.messages.values())[-MESSAGES_SHOWN:]],
            "reply_keyboard": _reply_rows(chat),
            "force_reply": chat.force_reply is not None,
            "placeholder": _placeholder(chat),
            "commands": profile.commands_for(user_id, person.language_code),
            "menu": profile.menu_for(user_id),
            "waiting": [
                {"message_id": query.message_id, "data": query.data}
                for query in self._phones.sending.waiting(chat)
            ],
            "toasts": [vars(toast) for toast in chat.toasts],
            "blocked": chat.blocked,
            "action": chat.action,
            "bot": {
                "username": self._phones.bot["username"],
                "name": profile.text_for("name", person.language_code),
                "description": profile.text_for("description", person.language_code),
            },
            "profile": {
                "first_name": person.first_name,
                "language_code": person.language_code,
                "phone": person.phone,
            },
        }

    async def _messages(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen(int(request.match_info["user"])))

    async def _file(self, request: web.Request) -> web.Response:
        chat = self._phones.chats.of(int(request.match_info["user"]))
        message = chat.messages.get(int(request.match_info["message"]))
        if message is None or message.document is None:
            raise web.HTTPNotFound
        return message.document.answer()

    async def _document(self, request: web.Request) -> web.Response:
        """The file is the body; its name and what is written under it are said beside it."""
        user_id, said = int(request.match_info["user"]), request.query
        upload = Upload(said.get("name", ""), request.content_type, await request.read())
        try:
            message_id = self._phones.send_document(user_id, upload, said.get("caption", ""))
        except PhoneError as refusal:
            return web.json_response({"error": str(refusal)}, status=409)
        return web.json_response({"message_id": message_id})

    def _text(self, user_id: int, body: ApiObject) -> ApiObject:
        return {"message_ids": self._phones.write(user_id, str(body["text"]))}

    def _press(self, user_id: int, body: ApiObject) -> ApiObject:
        stale = bool(body.get("stale"))
        query_id = self._phones.press(user_id, int(body["message_id"]), str(body["data"]), stale=stale)
        return {"query_id": query_id}

    def _contact(self, user_id: int, body: ApiObject) -> ApiObject:
        message_id = self._phones.share_contact(
            user_id,
            own=bool(body["own"]),
            phone=str(body.get("phone", "")),
            registered=bool(body.get("registered", True)),
            forwarded=bool(body.get("forwarded", False)),
        )
        return {"message_id": message_id}

    def _block(self, user_id: int, body: ApiObject) -> ApiObject:
        self._phones.block(user_id, blocked=bool(body["blocked"]))
        return {}

    def _open(self, user_id: int, body: ApiObject) -> ApiObject:
        return {"started": self._phones.follow(user_id, str(body["url"]))}

    def _profile(self, user_id: int, body: ApiObject) -> ApiObject:
        self._phones.describe(user_id, language_code=body.get("language_code"), phone=body.get("phone"))
        return {}


def _answering(action: Callable[[int, ApiObject], ApiObject]) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            result = action(int(request.match_info["user"]), body)
        except PhoneError as refusal:
            return web.json_response({"error": str(refusal)}, status=409)
        except (json.JSONDecodeError, LookupError, TypeError, ValueError) as wrong:
            return web.json_response({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)
        return web.json_response(result)

    return answer


def _message(message: Message) -> ApiObject:
    rows = message.keyboard.rows if message.keyboard else []
    return {
        "message_id": message.message_id,
        "from": "bot" if message.from_bot else "user",
        "date": message.date,
        "text": message.text,
        "entities": message.entities,
        "contact": message.contact,
        "document": _document(message),
        "buttons": [[_inline(button) for button in row] for row in rows],
        "edited": message.edit_date is not None,
    }


def _document(message: Message) -> ApiObject | None:
    if message.document is None:
        return None
    return {"name": message.document.name, "size": len(message.document.content)}


def _inline(button: ApiObject) -> ApiObject:
    shown = {"text": button["text"]}
    if "callback_data" in button:
        shown["data"] = button["callback_data"]
    elif "url" in button:
        shown["url"] = button["url"]
    elif "copy_text" in button:
        shown["copy"] = button["copy_text"]["text"]
    for name in ("web_app", "login_url"):
        if name in button:
            shown["url"] = button[name]["url"]
    return shown


def _reply_rows(chat: Chat) -> list[list[ApiObject]] | None:
    if chat.reply_keyboard is None:
        return None
    return [
        [
            {"text": button["text"]} | ({"contact": True} if button.get("request_contact") else {})
            for button in row
        ]
        for row in chat.reply_keyboard.rows
    ]


def _placeholder(chat: Chat) -> str:
    keyboard = chat.reply_keyboard or chat.force_reply
    return keyboard.placeholder if keyboard else ""
