"""parse_mode HTML: markup of an outgoing text becomes entities, or the refusal Telegram words for it.

Positions in refusals are bytes of UTF-8, offsets of entities are UTF-16 units. Behaviour was compared with
the test table of tdlib, the library beneath Telegram's own Bot API server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.bot_api import links
from simulator.bot_api.errors import ApiObject, bad_request
from simulator.bot_api.text import ordered, units

KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
SPACES = b" \t\r\n\0\x0b"
END = 0  # stands behind the last byte, so that every look ahead finds something
REFERENCE = re.compile(rb"&(?:#x([0-9A-Fa-f]+)|#(\d+)|([A-Za-z]+))")
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
REFERENCE_BYTES = 10  # a longer numeric reference is left as it stands
TOKEN = re.compile(rb"[A-Za-z0-9.-]*")
ATTRIBUTE = re.compile(rb"[^ \t\r\n\0\x0b=>/\"']*")


@dataclass
class OpenTag:
    name: str
    attributes: dict[str, str]
    offset: int
    text_start: int


@dataclass
class Reader:
    data: bytes
    at: int = 0
    text: list[str] = field(default_factory=list)
    length: int = 0  # of the text so far, in UTF-16 units
    open_tags: list[OpenTag] = field(default_factory=list)
    entities: list[ApiObject] = field(default_factory=list)

    def peek(self) -> int:
        return self.data[self.at] if self.at < len(self.data) else END

    def skip_spaces(self) -> None:
        while self.peek() != END and self.peek() in SPACES:
            self.at += 1

    def take(self, pattern: re.Pattern[bytes]) -> bytes:
        found = pattern.match(self.data, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()

    def add(self, text: str) -> None:
        self.text.append(text)
        # A half of a pair written as a reference counts as one unit, until the whole text is refused for it.
        self.length += 1 if len(text) == 1 and "\ud800" <= text <= "\udfff" else units(text)


def parse(markup: str) -> tuple[str, list[ApiObject]]:
    """The bare text and its entities. Raises "can't parse entities: …" as Telegram does."""
    reader = Reader(markup.encode())
    while reader.at < len(reader.data):
        if reader.data.startswith(b"</", reader.at):
            _close(reader)
        elif reader.peek() == ord("<"):
            reader.open_tags.append(_opened(reader))
        else:
            reader.add(_character(reader))
    if reader.open_tags:
        raise _refusal(f'Can\'t find end tag corresponding to start tag "{reader.open_tags[-1].name}"')
    text = "".join(reader.text)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _refusal(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return text, _merged(reader.entities)


def _character(reader: Reader) -> str:
    if reader.peek() == ord("&"):
        found = REFERENCE.match(reader.data, reader.at)
        character = _decoded(found) if found else None
        if found and character:
            reader.at = found.end()
            if reader.peek() == ord(";"):
                reader.at += 1
            return character
    stop = reader.at + 1
    while stop < len(reader.data) and reader.data[stop] not in b"&<":
        stop += 1
    run = reader.data[reader.at : stop].decode()
    reader.at = stop
    return run


def _decoded(found: re.Match[bytes]) -> str | None:
    hexadecimal, decimal, name = found.groups()
    if name:
        return NAMED.get(name)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    fits = 0 < code < 0x10FFFF and len(found.group()) < REFERENCE_BYTES
    return chr(code) if fits else None


def _opened(reader: Reader) -> OpenTag:
    begin = reader.at
    reader.at += 1
    while reader.peek() not in SPACES and reader.peek() != ord(">"):
        reader.at += 1
    if reader.peek() == END:
        raise _refusal(f"Unclosed start tag at byte offset {begin}")
    name = reader.data[begin + 1 : reader.at].decode().lower()
    if name not in KINDS:
        raise _refusal(f'Unsupported start tag "{name}" at byte offset {begin}')
    attributes: dict[str, str] = {}
    reader.skip_spaces()
    while reader.peek() != ord(">"):
        _read_attribute(reader, name, begin, attributes)
        reader.skip_spaces()
    reader.at += 1
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise _refusal(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
    return OpenTag(name, attributes, reader.length, len(reader.text))


def _read_attribute(reader: Reader, tag: str, begin: int, attributes: dict[str, str]) -> None:
    name = reader.take(ATTRIBUTE).decode()
    if not name:
        raise _refusal(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
    reader.skip_spaces()
    if reader.peek() == ord("="):
        reader.at += 1
        reader.skip_spaces()
        if reader.peek() == END:
            raise _refusal(f'Unclosed start tag "{tag}" at byte offset {begin}')
        attributes[name] = _value(reader)
        if reader.peek() == END:
            raise _refusal(f"Unclosed start tag at byte offset {begin}")
    elif reader.peek() == END:
        raise _refusal(f'Unclosed start tag "{tag}" at byte offset {begin}')
    else:
        attributes[name] = ""


def _value(reader: Reader) -> str:
    quote = reader.peek()
    if quote not in b"'\"":
        begin = reader.at
        token = reader.take(TOKEN).decode().lower()
        if reader.peek() not in SPACES and reader.peek() != ord(">"):
            raise _refusal(f"Unexpected end of name token at byte offset {begin}")
        return token
    reader.at += 1
    begin = reader.at
    end = reader.data.find(bytes([quote]), begin)
    if end < 0:
        reader.at = len(reader.data)
        return ""
    reader.at = end + 1
    inner = Reader(reader.data[begin:end])
    while inner.at < len(inner.data):
        inner.text.append(_character(inner) if inner.peek() != ord("<") else _bare(inner))
    return "".join(inner.text)


def _bare(reader: Reader) -> str:
    reader.at += 1
    return "<"


def _close(reader: Reader) -> None:
    begin = reader.at
    if not reader.open_tags:
        raise _refusal(f"Unexpected end tag at byte offset {begin}")
    reader.at += 2
    while reader.peek() not in SPACES and reader.peek() != ord(">"):
        reader.at += 1
    name = reader.data[begin + 2 : reader.at].decode().lower()
    reader.skip_spaces()
    if reader.peek() != ord(">"):
        raise _refusal(f"Unclosed end tag at byte offset {begin}")
    reader.at += 1
    tag = reader.open_tags[-1]
    if name and name != tag.name:
        raise _refusal(
            f'Unmatched end tag at byte offset {begin}, expected "</{tag.name}>", found "</{name}>"'
        )
    reader.open_tags.pop()
    if reader.length > tag.offset:
        _add_entity(reader, tag)


def _add_entity(reader: Reader, tag: OpenTag) -> None:
    entity: ApiObject = {"type": KINDS[tag.name], "offset": tag.offset, "length": reader.length - tag.offset}
    if tag.name == "a":
        link = tag.attributes.get("href") or "".join(reader.text[tag.text_start :])
        try:
            entity["url"] = links.checked(link)
        except links.WrongLink:
            return  # Telegram drops a link it cannot follow and keeps its text.
    elif tag.name == "tg-emoji":
        entity["custom_emoji_id"] = tag.attributes.get("emoji-id", "")
        if not entity["custom_emoji_id"].isdecimal():
            raise _refusal("Invalid custom emoji identifier specified")
    elif tag.name == "blockquote" and "expandable" in tag.attributes:
        entity["type"] = "expandable_blockquote"
    elif tag.name in ("pre", "code"):
        _add_language(reader, tag, entity)
        return
    reader.entities.append(entity)


def _add_language(reader: Reader, tag: OpenTag, entity: ApiObject) -> None:
    language = tag.attributes.get("class", "")
    if tag.name == "code" and language.startswith("language-"):
        entity["language"] = language.removeprefix("language-")
    before = reader.entities[-1] if reader.entities else {}
    same_place = (before.get("offset"), before.get("length")) == (entity["offset"], entity["length"])
    pair = {before.get("type"), entity["type"]}
    named = before.get("language") or entity.get("language")
    if same_place and pair == {"pre", "code"} and named:
        reader.entities[-1] = {**entity, "type": "pre", "language": named}
    else:
        reader.entities.append(entity)


def _merged(entities: list[ApiObject]) -> list[ApiObject]:
    """Neighbours of one kind become one; a language is told only by pre; code holds nothing else."""
    solid = [entity for entity in entities if entity["type"] in ("code", "pre")]
    kept: list[ApiObject] = []
    for entity in ordered(entities):
        if entity["type"] == "code":
            entity.pop("language", None)
        inside = any(_covers(outer, entity) for outer in solid if outer is not entity)
        if inside and entity["type"] not in ("blockquote", "expandable_blockquote"):
            continue
        last = next((other for other in reversed(kept) if other["type"] == entity["type"]), None)
        bare = entity.keys() == {"type", "offset", "length"} and entity["type"] not in ("pre", "blockquote")
        if bare and last and last["offset"] + last["length"] >= entity["offset"]:
            end = max(last["offset"] + last["length"], entity["offset"] + entity["length"])
            last["length"] = end - last["offset"]
        else:
            kept.append(entity)
    return kept


def _covers(outer: ApiObject, inner: ApiObject) -> bool:
    inside = (
        outer["offset"] <= inner["offset"]
        and inner["offset"] + inner["length"] <= outer["offset"] + outer["length"]
    )
    return inside and not (inner["type"] == "pre" and outer["type"] == "code")


def _refusal(reason: str) -> Exception:
    return bad_request(f"Can't parse entities: {reason}")
