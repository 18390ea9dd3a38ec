"""What the world remembers: people, their private chats with the bot, and the messages in them."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from dataclasses import dataclass, field, replace

from simulator.bot_api.errors import ApiObject
from simulator.bot_api.files import Document
from simulator.bot_api.keyboards import ForceReply, InlineKeyboard, ReplyKeyboard

TOASTS_KEPT = 20
EPOCH = 1_767_225_600  # 2026-01-01
IDS_A_SECOND = 10  # 32 bits of ids then last for six years


def first_id() -> int:
    """Where a fresh process starts to count, above what an earlier one gave: a bot remembers the ids."""
    return max(1, int(time.time() - EPOCH) * IDS_A_SECOND)


@dataclass
class Person:
    user_id: int
    first_name: str
    language_code: str
    phone: str

    def as_user(self) -> ApiObject:
        return {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
        }

    def as_chat(self) -> ApiObject:
        return {"id": self.user_id, "first_name": self.first_name, "type": "private"}


@dataclass
class Message:
    message_id: int
    from_bot: bool
    date: int
    text: str = ""
    entities: list[ApiObject] = field(default_factory=list)
    keyboard: InlineKeyboard | None = None
    contact: ApiObject | None = None
    document: Document | None = None  # its caption is the text
    reply_to: Message | None = None
    edit_date: int | None = None
    forwarded: bool = False

    def content(self) -> tuple[str, list[ApiObject], InlineKeyboard | None]:
        return self.text, self.entities, self.keyboard


@dataclass
class Toast:
    query_id: str
    text: str
    alert: bool
    url: str


@dataclass
class Chat:
    person: Person
    messages: dict[int, Message] = field(default_factory=dict)
    reply_keyboard: ReplyKeyboard | None = None
    force_reply: ForceReply | None = None
    keyboard_of: Message | None = None  # the message that brought the reply keyboard
    started: bool = False  # a bot cannot write first
    blocked: bool = False
    action: str = ""
    toasts: deque[Toast] = field(default_factory=lambda: deque(maxlen=TOASTS_KEPT))

    @property
    def instance(self) -> str:
        digest = hashlib.sha256(f"chat {self.person.user_id}".encode()).digest()
        return str(int.from_bytes(digest[:8], "big", signed=True))


class Chats:
    def __init__(self, bot: ApiObject) -> None:
        self._bot = bot
        self._chats: dict[int, Chat] = {}
        self._next_message_id = first_id()

    def of(self, user_id: int) -> Chat:
        """Created on first use: whoever has a phone is known, whether or not the bot may write."""
        if user_id not in self._chats:
            phone = f"7914{user_id % 10_000_000:07d}"
            self._chats[user_id] = Chat(Person(user_id, f"Абонент {user_id}", "ru", phone))
        return self._chats[user_id]

    def people(self) -> list[int]:
        return list(self._chats)

    def known(self, user_id: int) -> Chat | None:
        chat = self._chats.get(user_id)
        return chat if chat and chat.started else None

    def add(self, chat: Chat, *, from_bot: bool, text: str = "") -> Message:
        message = Message(self._next_message_id, from_bot, int(time.time()), text)
        self._next_message_id += 1
        chat.messages[message.message_id] = message
        return message

    def as_api(self, chat: Chat, message: Message) -> ApiObject:
        seen: ApiObject = {
            "message_id": message.message_id,
            "from": self._bot if message.from_bot else chat.person.as_user(),
            "chat": chat.person.as_chat(),
            "date": message.date,
        }
        if message.edit_date is not None:
            seen["edit_date"] = message.edit_date
        if message.reply_to is not None:
            seen["reply_to_message"] = self.as_api(chat, _without_reply(message.reply_to))
        if message.forwarded:
            origin = {"type": "user", "date": message.date, "sender_user": chat.person.as_user()}
            seen["forward_origin"] = origin
        seen |= _said(message)
        if message.keyboard is not None:
            seen["reply_markup"] = {"inline_keyboard": message.keyboard.rows}
        return seen


def _said(message: Message) -> ApiObject:
    if message.contact is not None:
        return {"contact": message.contact}
    if message.document is not None:
        said = {"document": message.document.as_api(), "caption": message.text}
        named = {"caption_entities": message.entities}
    else:
        said, named = {"text": message.text}, {"entities": message.entities}
    return {name: value for name, value in (said | named).items() if value or name == "text"}


def _without_reply(message: Message) -> Message:
    return replace(message, keyboard=None, contact=None, reply_to=None, edit_date=None, forwarded=False)
