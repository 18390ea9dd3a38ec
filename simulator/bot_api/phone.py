"""The people's side: what a person does with the phone becomes an update for the bot."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from simulator.bot_api import links
from simulator.bot_api.chats import Chat, Chats, Message
from simulator.bot_api.errors import ApiObject
from simulator.bot_api.files import Upload
from simulator.bot_api.profile import Profile
from simulator.bot_api.sending import Sending
from simulator.bot_api.text import formatted, pages, with_detected
from simulator.bot_api.updates import CALLBACK_SECONDS, UpdateQueue

# Telegram's webhook queues: messages by chat, presses by person, changes of membership by chat.
MESSAGES, PRESSES, MEMBERSHIP = "messages", "presses", "membership"
STRANGER_OFFSET = 1_000_000  # whose contact a person shares who shares a foreign one


class PhoneError(Exception):
    """What a Telegram application would not let a person do."""


@dataclass
class Phones:
    bot: ApiObject
    chats: Chats
    profile: Profile
    sending: Sending
    updates: UpdateQueue
    changed: Callable[[int], None]

    def write(self, user_id: int, text: str) -> list[int]:
        """The ids of the messages: a long text is sent as several."""
        if not text.strip():
            raise PhoneError("a message has some text")
        chat = self._open(user_id)
        if chat.reply_keyboard and chat.reply_keyboard.one_time and chat.reply_keyboard.has_text(text):
            chat.reply_keyboard = None
        reply_to = chat.keyboard_of if chat.force_reply else None
        chat.force_reply = None
        ids = []
        for page in pages(text.strip()):
            plain, entities = formatted(page)
            message = self.chats.add(chat, from_bot=False, text=plain)
            message.entities = with_detected(plain, entities)
            message.reply_to = reply_to
            ids.append(self._told(chat, message))
        return ids

    def send_document(self, user_id: int, upload: Upload, caption: str = "") -> int:
        if not upload.content:
            raise PhoneError("a document has some content")
        chat = self._open(user_id)
        message = self.chats.add(chat, from_bot=False, text=caption.strip())
        message.document = self.sending.files.keep(upload)
        return self._told(chat, message)

    def share_contact(
        self, user_id: int, *, own: bool, phone: str = "", registered: bool = True, forwarded: bool = False
    ) -> int:
        """A foreign contact has no user_id where its owner has no Telegram (`registered` False)."""
        chat = self._open(user_id)
        owner = user_id if own else user_id + STRANGER_OFFSET
        person = self.chats.of(owner).person
        contact: ApiObject = {"phone_number": phone or person.phone, "first_name": person.first_name}
        if own or registered:
            contact["user_id"] = owner
        message = self.chats.add(chat, from_bot=False)
        message.contact = contact
        message.forwarded = forwarded
        if chat.reply_keyboard is not None and not forwarded:
            message.reply_to = chat.keyboard_of
            if chat.reply_keyboard.one_time:
                chat.reply_keyboard = None
        return self._told(chat, message)

    def press(self, user_id: int, message_id: int, data: str, *, stale: bool = False) -> str:
        """The id of the query. `stale` presses a button that an edit has taken away meanwhile."""
        chat = self._open(user_id)
        message = chat.messages.get(message_id)
        if message is None or not message.from_bot:
            raise PhoneError("no such message")
        shown = message.keyboard is not None and message.keyboard.has_data(data)
        if not shown and not stale:
            raise PhoneError("no such button")
        query_id = str(random.getrandbits(62))
        self.sending.asked(query_id, chat, message_id, data)
        query: ApiObject = {
            "id": query_id,
            "from": chat.person.as_user(),
            "message": self.chats.as_api(chat, message),
            "chat_instance": chat.instance,
            "data": data,
        }
        self.updates.add("callback_query", query, (PRESSES, user_id), seconds=CALLBACK_SECONDS)
        self.changed(user_id)
        return query_id

    def block(self, user_id: int, *, blocked: bool) -> None:
        chat = self.chats.of(user_id)
        chat.started = True
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        member: ApiObject = {"user": self.bot, "status": "member"}
        kicked: ApiObject = {"user": self.bot, "status": "kicked", "until_date": 0}
        change: ApiObject = {
            "chat": chat.person.as_chat(),
            "from": chat.person.as_user(),
            "date": int(time.time()),
            "old_chat_member": member if blocked else kicked,
            "new_chat_member": kicked if blocked else member,
        }
        self.updates.add("my_chat_member", change, (MEMBERSHIP, user_id))
        self.changed(user_id)

    def follow(self, user_id: int, link: str) -> bool:
        """A link to the bot, t.me/<bot>?start=…, starts it; False for a link that a browser opens."""
        start = links.start_of(link)
        if start is None or start[0].lower() != self.bot["username"].lower():
            return False
        self.write(user_id, f"/start {start[1]}".strip())
        return True

    def describe(self, user_id: int, *, language_code: str | None = None, phone: str | None = None) -> None:
        person = self.chats.of(user_id).person
        person.language_code = language_code if language_code is not None else person.language_code
        person.phone = phone if phone is not None else person.phone
        self.changed(user_id)

    def _open(self, user_id: int) -> Chat:
        chat = self.chats.of(user_id)
        if chat.blocked:
            raise PhoneError("the bot is blocked")
        chat.started = True
        return chat

    def _told(self, chat: Chat, message: Message) -> int:
        user_id = chat.person.user_id
        self.updates.add("message", self.chats.as_api(chat, message), (MESSAGES, user_id))
        self.changed(user_id)
        return message.message_id
