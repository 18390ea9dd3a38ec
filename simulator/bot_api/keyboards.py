"""reply_markup of an outgoing message: what the phone shows under it, or the refusal for a wrong one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.bot_api import links
from simulator.bot_api.errors import ApiObject, bad_request

CALLBACK_DATA_BYTES = 64
COPY_TEXT_CHARACTERS = 256
BUTTONS_MOST = 100

Rows = list[list[ApiObject]]

# Kinds of a reply button beside plain text; what each asks for is kept as the bot wrote it.
REQUESTS = ("request_contact", "request_location", "request_poll", "request_users", "request_chat", "web_app")


@dataclass(frozen=True)
class InlineKeyboard:
    rows: Rows

    def has_data(self, data: str) -> bool:
        return any(button.get("callback_data") == data for row in self.rows for button in row)


@dataclass(frozen=True)
class ReplyKeyboard:
    rows: Rows
    one_time: bool
    placeholder: str

    def has_text(self, text: str) -> bool:
        return any(button["text"] == text for row in self.rows for button in row)


@dataclass(frozen=True)
class RemoveKeyboard:
    pass


@dataclass(frozen=True)
class ForceReply:
    placeholder: str


Markup = InlineKeyboard | ReplyKeyboard | RemoveKeyboard | ForceReply


def parsed(markup: Any) -> Markup | None:
    """`markup` is what JSON gave. An object without anything known in it is no markup, as for Telegram."""
    if not isinstance(markup, dict):
        raise bad_request("Object expected as reply markup")
    rows = _rows(markup, "keyboard", 'Field "keyboard" must be an Array of Arrays')
    inline = _rows(
        markup,
        "inline_keyboard",
        'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    )
    if rows:
        buttons = [[_reply_button(button) for button in row] for row in rows]
        return ReplyKeyboard(
            _filled(buttons),
            one_time=_flag(markup, "one_time_keyboard"),
            placeholder=str(markup.get("input_field_placeholder", "")),
        )
    if inline:
        keyboard = _filled([[_inline_button(button) for button in row] for row in inline])
        return InlineKeyboard(keyboard) if keyboard else None
    if _flag(markup, "remove_keyboard"):
        return RemoveKeyboard()
    if _flag(markup, "force_reply"):
        return ForceReply(str(markup.get("input_field_placeholder", "")))
    return None


def inline_only(markup: Markup | None) -> InlineKeyboard | None:
    """An edit may only carry an inline keyboard."""
    if markup is None or isinstance(markup, InlineKeyboard):
        return markup
    raise bad_request("Inline keyboard expected")


def check_deliverable(markup: Markup | None) -> None:
    """What Telegram's servers, behind the Bot API, refuse about buttons that are well-formed."""
    if isinstance(markup, InlineKeyboard):
        for button in (button for row in markup.rows for button in row):
            if len(button.get("callback_data", "").encode()) > CALLBACK_DATA_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
            if len(button.get("copy_text", {}).get("text", "")) > COPY_TEXT_CHARACTERS:
                raise bad_request("BUTTON_COPY_TEXT_INVALID")
            if "pay" in button or "callback_game" in button:
                raise bad_request("BUTTON_TYPE_INVALID")  # these belong to invoices and games


def _rows(markup: ApiObject, name: str, complaint: str) -> list[list[Any]]:
    rows = markup.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise bad_request(f'Field "{name}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad_request(complaint)
    if sum(map(len, rows)) > BUTTONS_MOST:
        raise bad_request("reply markup is too long")
    return rows


def _filled(rows: Rows) -> Rows:
    return [row for row in rows if row]


def _flag(markup: ApiObject, name: str) -> bool:
    value = markup.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise bad_request(f'Field "{name}" must be of type Boolean')
    return value


def _reply_button(button: Any) -> ApiObject:
    what = "keyboard button"
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad_request(f"Can't parse {what}: KeyboardButton must be a String or an Object")
    text = _string(button, "text", what)
    if not text.strip():
        raise bad_request("Keyboard button text must be non-empty")
    return {"text": text} | {name: button[name] for name in REQUESTS if button.get(name)}


def _inline_button(button: Any) -> ApiObject:
    what = "inline keyboard button"
    if not isinstance(button, dict):
        raise bad_request(f"Can't parse {what}: InlineKeyboardButton must be an Object")
    text = _string(button, "text", what)
    if not text.strip():
        raise bad_request("Inline keyboard button text must be non-empty")
    if button.get("url"):
        return {"text": text, "url": _url(_string(button, "url", what), "URL")}
    if button.get("callback_data"):
        return {"text": text, "callback_data": _string(button, "callback_data", what)}
    return {"text": text} | _other_kind(button, what)


def _other_kind(button: ApiObject, what: str) -> ApiObject:
    for name in ("callback_game", "pay", "switch_inline_query", "switch_inline_query_current_chat"):
        if name in button:
            return {name: button[name]}
    for name, key in (("login_url", "url"), ("web_app", "url"), ("copy_text", "text")):
        if name in button:
            if not isinstance(button[name], dict):
                raise bad_request(f'Can\'t parse {what}: Field "{name}" must be of type Object')
            value = _string(button[name], key, what)
            return {name: {key: value if key == "text" else _url(value, "Web App URL")}}
    raise bad_request(f"Can't parse {what}: Text buttons are unallowed in the inline keyboard")


def _string(holder: ApiObject, name: str, what: str) -> str:
    value = holder.get(name)
    if value is None:
        raise bad_request(f"Can't parse {what}: Can't find field \"{name}\"")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise bad_request(f'Can\'t parse {what}: Field "{name}" must be of type String')
    return str(value)


def _url(link: str, called: str) -> str:
    try:
        return links.checked(link)
    except links.WrongLink as wrong:
        raise bad_request(f"Inline keyboard button {called} '{link}' is invalid: {wrong}") from None
