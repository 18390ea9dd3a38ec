"""A message that staff formatted in their Telegram, as the HTML of a broadcast, and as an SMS says it."""

import re
from html import escape, unescape

from aiogram.types import Message, MessageEntity
from aiogram.utils.text_decorations import html_decoration

# What a broadcast may hold; the rest of Telegram's formatting is left out and its words stay.
KEPT = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strikethrough",
    "code": "code",
    "pre": "code",
    "text_link": "text_link",
}
_ANCHOR = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"</?[a-z]+[^<>]*>")


def html_of(message: Message) -> str:
    """The fields, {name} and others, are text and stay as they are."""
    entities = [_kept(each) for each in message.entities or () if each.type in KEPT]
    return html_decoration.unparse(message.text or "", entities).strip()


def plain_of(html: str) -> str:
    """Without formatting; a link's address follows its words."""
    return unescape(_TAG.sub("", _ANCHOR.sub(_spelled, html)))


def _spelled(link: re.Match[str]) -> str:
    address, words = link[1], link[2]
    return words if unescape(address) in unescape(words) else f"{words} ({address})"


def _kept(entity: MessageEntity) -> MessageEntity:
    url = None if entity.url is None else escape(entity.url)
    return MessageEntity(type=KEPT[entity.type], offset=entity.offset, length=entity.length, url=url)
