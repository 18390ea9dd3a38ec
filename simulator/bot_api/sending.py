"""What the bot does to a chat: messages sent, edited and deleted, answers to presses of buttons."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.bot_api import html, keyboards
from simulator.bot_api.arguments import Arguments
from simulator.bot_api.chats import Chat, Chats, Message, Toast
from simulator.bot_api.errors import ApiObject, bad_request, forbidden
from simulator.bot_api.files import Document, Files, Upload
from simulator.bot_api.keyboards import ForceReply, InlineKeyboard, Markup, RemoveKeyboard, ReplyKeyboard
from simulator.bot_api.rates import Rates
from simulator.bot_api.text import TEXT_UNITS, ordered, trimmed, units, with_detected

TEXT_BYTES = 1 << 15  # before markup is read
TOAST_CHARACTERS = 200
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
STALE_QUERY = "query is too old and response timeout expired or query ID is invalid"
ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "cancel"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
}
ATTACHED = "attach://"
CAPTION_UNITS = 1024
CAPTION_TOO_LONG = "message caption is too long"
# Telegram parts two complaints that one would expect to be alike.
SENT_TOO_LONG, EDITED_TOO_LONG = "message is too long", "MESSAGE_TOO_LONG"


@dataclass(frozen=True)
class Query:
    chat: Chat
    message_id: int
    data: str
    answer_until: float


@dataclass
class Sending:
    chats: Chats
    rates: Rates
    files: Files
    changed: Callable[[int], None]
    query_seconds: float = 60  # for how long a press may be answered
    queries: dict[str, Query] = field(default_factory=dict)

    async def send_message(self, call: Arguments) -> ApiObject:
        text, entities = _formatted(call)
        markup = _markup(call)
        chat = self._chat(call)
        text, entities = trimmed(text, entities)
        self._check(chat, text, markup, too_long=SENT_TOO_LONG)
        reply_to = _replied(call, chat)
        message = self.chats.add(chat, from_bot=True, text=text)
        message.entities = with_detected(text, entities)
        message.reply_to = reply_to
        chat.action = ""
        _show(chat, message, markup)
        return self._done(chat, message)

    async def send_document(self, call: Arguments) -> ApiObject:
        caption, entities = _formatted(call, "caption") if call.text("caption") else ("", [])
        markup = _markup(call)
        document = self._document(call)
        chat = self._chat(call)
        caption, entities = trimmed(caption, entities) if caption else ("", [])
        if units(caption) > CAPTION_UNITS:
            raise bad_request(CAPTION_TOO_LONG)
        self._check(chat, caption, markup, too_long=CAPTION_TOO_LONG)
        reply_to = _replied(call, chat)
        message = self.chats.add(chat, from_bot=True, text=caption)
        message.document = self.files.keep(document) if isinstance(document, Upload) else document
        message.entities = with_detected(caption, entities)
        message.reply_to = reply_to
        chat.action = ""
        _show(chat, message, markup)
        return self._done(chat, message)

    async def get_file(self, call: Arguments) -> ApiObject:
        if not call.text("file_id"):
            raise bad_request("file_id not specified")
        document = self.files.by_id(call.text("file_id"))
        if document is None:
            raise bad_request("invalid file_id")
        return document.as_file()

    async def edit_message_text(self, call: Arguments) -> ApiObject:
        text, entities = _formatted(call)
        keyboard = keyboards.inline_only(_markup(call))
        chat, message = self._message(call, "message to edit")
        if message.document is not None:
            raise bad_request("there is no text in the message to edit")
        text, entities = trimmed(text, entities)
        self._check(chat, text, keyboard, too_long=EDITED_TOO_LONG)
        return self._edit(chat, message, text, with_detected(text, entities), keyboard)

    async def edit_message_reply_markup(self, call: Arguments) -> ApiObject:
        keyboard = keyboards.inline_only(_markup(call))
        chat, message = self._message(call, "message to edit")
        self._check(chat, "", keyboard, too_long=EDITED_TOO_LONG)
        return self._edit(chat, message, message.text, message.entities, keyboard)

    async def delete_message(self, call: Arguments) -> bool:
        if not call.text("chat_id"):
            raise bad_request("Chat identifier is not specified")
        if call.integer("message_id") == 0:
            raise bad_request("Message identifier is not specified")
        chat, message = self._message(call, "message to delete")
        del chat.messages[message.message_id]
        self.changed(chat.person.user_id)
        return True

    async def send_chat_action(self, call: Arguments) -> bool:
        action = call.text("action").lower()
        if action not in ACTIONS:
            raise bad_request("Wrong parameter action in request")
        chat = self._chat(call)
        _check_not_blocked(chat)
        chat.action = "" if action == "cancel" else action
        self.changed(chat.person.user_id)
        return True

    async def answer_callback_query(self, call: Arguments) -> bool:
        query_id = call.text("callback_query_id")
        query = self.queries.pop(query_id, None)
        if query is None or query.answer_until <= time.monotonic():
            raise bad_request(STALE_QUERY)
        text = call.text("text")
        if len(text) > TOAST_CHARACTERS:
            raise bad_request("MESSAGE_TOO_LONG")
        if text or call.text("url"):
            query.chat.toasts.append(Toast(query_id, text, call.flag("show_alert"), call.text("url")))
        self.changed(query.chat.person.user_id)
        return True

    def asked(self, query_id: str, chat: Chat, message_id: int, data: str) -> None:
        self.queries[query_id] = Query(chat, message_id, data, time.monotonic() + self.query_seconds)

    def waiting(self, chat: Chat) -> list[Query]:
        """Presses that the bot has not answered and still may."""
        now = time.monotonic()
        self.queries = {name: query for name, query in self.queries.items() if query.answer_until > now}
        return [query for query in self.queries.values() if query.chat is chat]

    def _document(self, call: Arguments) -> Upload | Document:
        """A file in the form, under its own name or an attached one, or one that is known by its id."""
        said = call.text("document")
        upload = call.files.get(said.removeprefix(ATTACHED) if said.startswith(ATTACHED) else "document")
        if upload is not None:
            return upload
        if not said or said.startswith(ATTACHED):
            raise bad_request("there is no document in the request")
        document = self.files.by_id(said)
        if document is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return document

    def _chat(self, call: Arguments) -> Chat:
        if not call.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat = self.chats.known(call.integer("chat_id"))
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def _message(self, call: Arguments, called: str) -> tuple[Chat, Message]:
        if call.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")  # no message here was sent through inline mode
        chat = self._chat(call)
        message = chat.messages.get(call.integer("message_id"))
        if message is None:
            raise bad_request(f"{called} not found")
        return chat, message

    def _check(self, chat: Chat, text: str, markup: Markup | None, *, too_long: str) -> None:
        if units(text) > TEXT_UNITS:
            raise bad_request(too_long)
        keyboards.check_deliverable(markup)
        _check_not_blocked(chat)
        self.rates.spend(chat.person.user_id)

    def _edit(
        self,
        chat: Chat,
        message: Message,
        text: str,
        entities: list[ApiObject],
        keyboard: InlineKeyboard | None,
    ) -> ApiObject:
        if not message.from_bot:
            raise bad_request("message can't be edited")
        if message.content() == (text, entities, keyboard):
            raise bad_request(NOT_MODIFIED)
        message.text, message.entities, message.keyboard = text, entities, keyboard
        message.edit_date = int(time.time())
        return self._done(chat, message)

    def _done(self, chat: Chat, message: Message) -> ApiObject:
        self.changed(chat.person.user_id)
        return self.chats.as_api(chat, message)


def _formatted(call: Arguments, name: str = "text") -> tuple[str, list[ApiObject]]:
    text = call.text(name)
    if not text:
        raise bad_request("Message text is empty")
    if len(text.encode()) > TEXT_BYTES:
        raise bad_request("Text is too long")
    mode = call.text("parse_mode").lower()
    if mode == "html":
        return html.parse(text)
    if mode in ("markdown", "markdownv2"):
        raise bad_request("this simulator reads parse_mode HTML only")
    if mode not in ("", "none"):
        raise bad_request("Unsupported parse_mode")
    given = call.nested("entities" if name == "text" else f"{name}_entities", called="entities")
    return text, ordered([_entity(entity) for entity in given]) if isinstance(given, list) else []


def _entity(entity: object) -> ApiObject:
    if not isinstance(entity, dict):
        raise bad_request("Can't parse MessageEntity: expected an Object")
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if not isinstance(kind, str) or not isinstance(offset, int) or not isinstance(length, int):
        raise bad_request("Can't parse MessageEntity: Can't find field")
    if offset < 0:
        raise bad_request(f"Receive an entity with incorrect offset {offset}")
    if length < 0:
        raise bad_request(f"Receive an entity with incorrect length {length}")
    kept: ApiObject = {"type": kind, "offset": offset, "length": length}
    return kept | {name: entity[name] for name in ("url", "language", "user") if name in entity}


def _markup(call: Arguments) -> Markup | None:
    if not call.text("reply_markup"):
        return None
    return keyboards.parsed(call.nested("reply_markup", called="reply keyboard markup"))


def _replied(call: Arguments, chat: Chat) -> Message | None:
    reply = call.nested("reply_parameters", called="reply parameters")
    if not isinstance(reply, dict):
        return None
    message_id = reply.get("message_id")
    message = chat.messages.get(message_id) if isinstance(message_id, int) else None
    if message is None and not reply.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return message


def _check_not_blocked(chat: Chat) -> None:
    if chat.blocked:
        raise forbidden("bot was blocked by the user")


def _show(chat: Chat, message: Message, markup: Markup | None) -> None:
    if isinstance(markup, InlineKeyboard):
        message.keyboard = markup
    elif isinstance(markup, ReplyKeyboard):
        chat.reply_keyboard, chat.force_reply, chat.keyboard_of = markup, None, message
    elif isinstance(markup, RemoveKeyboard):
        chat.reply_keyboard = chat.force_reply = chat.keyboard_of = None
    elif isinstance(markup, ForceReply):
        chat.force_reply, chat.reply_keyboard, chat.keyboard_of = markup, None, message
