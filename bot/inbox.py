"""From Telegram to the handlers: an update is stored, handled under its sender's lock, marked done."""

from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update

from bot.lock import UserLocks
from core.ids import IncomingId
from core.messages.incoming import Accepted, Arrival
from core.messages.masking import mask_cards
from core.states import Channel
from core.storage.batch import Batch
from core.use_cases.receiving import Receiving
from handlers.telegram.errors import Incident

Json = dict[str, Any]

# What the handlers read. The rest (quoted messages, media) is not stored: it may hold a card number.
MESSAGE_FIELDS = ("message_id", "date", "chat", "from", "contact", "document", "forward_origin")
CALLBACK_FIELDS = ("id", "from", "chat_instance", "data")
SCREEN_FIELDS = ("message_id", "date", "chat")
ENTITY_FIELDS = ("type", "offset", "length", "url")
FORMATTING = frozenset({"bold", "italic", "underline", "strikethrough", "code", "pre", "text_link"})
CONTACT_FIELDS = ("phone_number", "user_id", "first_name")
DOCUMENT_FIELDS = ("file_id", "file_unique_id")  # what staff may send; its name may hold anything

SWEEP_AT_ONCE = 20

log = structlog.get_logger()


class Inbox:
    def __init__(self, receiving: Receiving, bot: Bot, dispatcher: Dispatcher, locks: UserLocks) -> None:
        self._receiving = receiving
        self._bot = bot
        self._source = str(bot.id)
        self._dispatcher = dispatcher
        self._locks = locks
        self._in_hand: set[IncomingId] = set()
        self._exchange: Batch[Arrival | IncomingId, Accepted | None] = Batch(receiving.exchange)

    async def store(self, updates: list[Json]) -> list[Accepted]:
        """One commit for all; updates that are none of ours (groups, channels) are left out."""
        arrivals = [arrival for update in updates if (arrival := arrival_of(update, self._source))]
        return await self._receiving.accept(arrivals) if arrivals else []

    async def take(self, update: Json) -> bool:
        """Store and handle one update. False: another process is at work on it, Telegram should ask again."""
        arrival = arrival_of(update, self._source)
        if arrival is None:
            return True
        accepted = await self._exchange.put(arrival)
        assert accepted is not None
        if accepted.fresh:
            await self.handle(accepted)
        elif not accepted.done:
            return await self._was_done_meanwhile(arrival)
        return True

    async def handle(self, accepted: Accepted) -> None:
        self._in_hand.add(accepted.id)
        try:
            async with self._locks.hold(accepted.arrival.sender):
                await self._dispatch(accepted)
        finally:
            self._in_hand.discard(accepted.id)

    async def handle_or_leave(self, accepted: Accepted) -> None:
        """For who has nobody to answer to: what could not be handled stays for the sweep."""
        try:
            await self.handle(accepted)
        except Exception:
            log.exception("update left for the sweep", incoming=str(accepted.id))

    async def sweep_once(self) -> int:
        """Handle what a process that died has left; returns how many."""
        abandoned = await self._receiving.take_abandoned(Channel.TELEGRAM, SWEEP_AT_ONCE)
        left = [accepted for accepted in abandoned if accepted.id not in self._in_hand]
        for accepted in left:
            log.warning("abandoned update taken up", incoming=str(accepted.id))
            await self.handle(accepted)
        return len(left)

    async def _dispatch(self, accepted: Accepted) -> None:
        payload = accepted.arrival.payload
        outcome = await self._dispatcher.feed_update(
            self._bot, update_of(payload, self._bot), card_masked=payload.get("card_masked", False)
        )
        if isinstance(outcome, Incident):
            await self._receiving.finish_and_forget(accepted.id, failed=f"incident {outcome.id}")
        else:
            await self._exchange.put(accepted.id)

    async def _was_done_meanwhile(self, arrival: Arrival) -> bool:
        async with self._locks.hold(arrival.sender):
            again = await self._exchange.put(arrival)
        return again is not None and again.done


def arrival_of(update: Json, source: str) -> Arrival | None:
    """The stored form of an update; its text lies apart, where the core masks card numbers."""
    if message := update.get("message"):
        kept = {"message": _message(message)}
        return _arrival(update, source, kept, message, message.get("text") or message.get("caption"))
    if callback := update.get("callback_query"):
        if not (screen := callback.get("message")):
            return None
        kept = {
            "callback_query": _only(callback, CALLBACK_FIELDS) | {"message": _only(screen, SCREEN_FIELDS)}
        }
        return _arrival(update, source, kept, {**callback, "chat": screen["chat"]}, None)
    if member := update.get("my_chat_member"):
        return _arrival(update, source, {"my_chat_member": member}, member, None)
    return None


def update_of(payload: Json, bot: Bot) -> Update:
    """The update as the handlers see it: card numbers stay masked."""
    update = payload["update"]
    if (text := payload.get("text")) is not None:
        update = {**update, "message": {**update["message"], "text": text}}
    return Update.model_validate(update, context={"bot": bot})


def _arrival(update: Json, source: str, kept: Json, event: Json, text: str | None) -> Arrival | None:
    sender = event.get("from")
    if not sender or event["chat"].get("type") != "private":
        return None
    payload: Json = {"update": {"update_id": update["update_id"], **kept}}
    if text is not None:
        payload["text"] = text
    return Arrival(
        channel=Channel.TELEGRAM,
        source=source,
        external_id=str(update["update_id"]),
        sender=str(sender["id"]),
        payload=payload,
    )


def _message(message: Json) -> Json:
    kept = _only(message, MESSAGE_FIELDS)
    if contact := kept.get("contact"):
        kept["contact"] = _only(contact, CONTACT_FIELDS)
    if document := kept.get("document"):
        kept["document"] = _only(document, DOCUMENT_FIELDS)
    if entities := [_entity(each) for each in message.get("entities", ()) if each["type"] in FORMATTING]:
        kept["entities"] = entities
    return kept


def _entity(entity: Json) -> Json:
    """How staff formatted a text of theirs; an address may hold a card number as well as a text may."""
    kept = _only(entity, ENTITY_FIELDS)
    return kept | {"url": mask_cards(kept["url"])[0]} if "url" in kept else kept


def _only(source: Json, fields: tuple[str, ...]) -> Json:
    return {field: source[field] for field in fields if field in source}
