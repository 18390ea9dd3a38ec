"""The table of methods: a name in the path becomes a call."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from simulator.bot_api.arguments import Arguments
from simulator.bot_api.chats import Chats
from simulator.bot_api.errors import ApiError, ApiObject, bad_request, conflict
from simulator.bot_api.profile import TEXT_CHARACTERS, Profile
from simulator.bot_api.sending import Sending
from simulator.bot_api.updates import UpdateQueue
from simulator.bot_api.webhook import CONNECTIONS, Target, Webhook

POLL_SECONDS_MOST = 50
UPDATES_MOST = 100
CONNECTIONS_MOST = 100
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
SECRET = re.compile(r"^[A-Za-z0-9_-]*$")
SECRET_CHARACTERS = 256
WEBHOOK_URL = re.compile(r"^https?://[^\s/?#]+", re.IGNORECASE)
WEBHOOK_IS_SET = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)

Method = Callable[[Arguments], Awaitable[Any]]


@dataclass(frozen=True)
class Described:
    """A result with the sentence Telegram puts beside it."""

    result: Any
    description: str


@dataclass
class Methods:
    bot: ApiObject
    chats: Chats
    profile: Profile
    sending: Sending
    updates: UpdateQueue
    webhook: Webhook
    conflict_pause_seconds: float = 3.0  # the second of two pollers is answered this much later
    _next_conflict_at: float = 0.0
    _table: dict[str, Method] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named: dict[str, Method] = {
            "getMe": self.get_me,
            "getChat": self.get_chat,
            "getUpdates": self.get_updates,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
            "sendMessage": self.sending.send_message,
            "sendDocument": self.sending.send_document,
            "getFile": self.sending.get_file,
            "sendChatAction": self.sending.send_chat_action,
            "editMessageText": self.sending.edit_message_text,
            "editMessageReplyMarkup": self.sending.edit_message_reply_markup,
            "deleteMessage": self.sending.delete_message,
            "answerCallbackQuery": self.sending.answer_callback_query,
            "setMyCommands": self.profile.set_commands,
            "getMyCommands": self.profile.get_commands,
            "deleteMyCommands": self.profile.delete_commands,
            "setChatMenuButton": self.profile.set_menu_button,
            "getChatMenuButton": self.profile.get_menu_button,
        }
        for what in TEXT_CHARACTERS:
            title = "".join(word.capitalize() for word in what.split("_"))
            named[f"setMy{title}"] = partial(self._set_text, what)
            named[f"getMy{title}"] = partial(self._get_text, what)
        self._table = {name.lower(): method for name, method in named.items()}

    async def call(self, name: str, arguments: Arguments) -> Any:
        """Names do not depend on case. Raises ApiError for every refusal."""
        method = self._table.get(name.lower())
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        return await method(arguments)

    async def get_me(self, _: Arguments) -> ApiObject:
        abilities = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        return self.bot | {"first_name": self.profile.text_for("name", "")} | abilities

    async def get_chat(self, call: Arguments) -> ApiObject:
        if not call.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat = self.chats.known(call.integer("chat_id"))
        if chat is None:
            raise bad_request("chat not found")
        return chat.person.as_chat() | {
            "accent_color_id": chat.person.user_id % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(GIFTS, True),
        }

    async def get_updates(self, call: Arguments) -> list[ApiObject]:
        if self.webhook.target is not None:
            raise await self._late(conflict(WEBHOOK_IS_SET))
        self._read_allowed(call)
        try:
            updates = await self.updates.poll(
                offset=call.integer("offset"),
                limit=call.bounded("limit", UPDATES_MOST, least=1, most=UPDATES_MOST),
                seconds=call.bounded("timeout", 0, least=0, most=POLL_SECONDS_MOST),
            )
        except ApiError as refusal:
            raise await self._late(refusal) from None
        return [update.as_api() for update in updates]

    async def set_webhook(self, call: Arguments) -> Described:
        url = call.text("url").strip()
        if not url:
            return await self.delete_webhook(call)
        if not WEBHOOK_URL.match(url):
            raise bad_request("invalid webhook URL specified")
        secret = call.text("secret_token")
        if len(secret) > SECRET_CHARACTERS:
            raise bad_request("secret token is too long")
        if not SECRET.match(secret):
            raise bad_request("secret token contains unallowed characters")
        connections = call.bounded("max_connections", CONNECTIONS, least=1, most=CONNECTIONS_MOST)
        target = Target(url, secret, connections)
        self._read_allowed(call)
        if target == self.webhook.target and not call.flag("drop_pending_updates"):
            return Described(True, "Webhook is already set")
        self._drop_if_asked(call)
        self.updates.end_poll("terminated by setWebhook request")
        self.webhook.set(target)
        return Described(True, "Webhook was set")

    async def delete_webhook(self, call: Arguments) -> Described:
        self._drop_if_asked(call)
        if self.webhook.target is None:
            return Described(True, "Webhook is already deleted")
        self.webhook.set(None)
        return Described(True, "Webhook was deleted")

    async def get_webhook_info(self, _: Arguments) -> ApiObject:
        return self.webhook.info()

    async def _set_text(self, what: str, call: Arguments) -> bool:
        return self.profile.set_text(what, call)

    async def _get_text(self, what: str, call: Arguments) -> ApiObject:
        return self.profile.get_text(what, call)

    def _drop_if_asked(self, call: Arguments) -> None:
        if call.flag("drop_pending_updates"):
            self.updates.drop_all()

    def _read_allowed(self, call: Arguments) -> None:
        # An absent or unreadable list leaves the earlier one; an empty one asks for all.
        try:
            kinds = json.loads(call.text("allowed_updates"))
        except ValueError:
            return
        if isinstance(kinds, list):
            self.updates.allowed = frozenset(str(kind).lower() for kind in kinds)

    async def _late(self, refusal: ApiError) -> ApiError:
        # Two bots that fight for updates would otherwise answer each other's polls without a pause.
        now = time.monotonic()
        if now < self._next_conflict_at:
            await asyncio.sleep(self.conflict_pause_seconds)
        else:
            self._next_conflict_at = now + self.conflict_pause_seconds
        return refusal
