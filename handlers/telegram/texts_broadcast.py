"""What staff send to many, in a chat: their words with facts of the account, a way out of advertising."""

from html import escape
from typing import Any

from core.messages import segments
from core.messages.broadcast_text import OPT_OUT_BY_SMS
from handlers.broadcasts import fill
from handlers.telegram import keyboards
from handlers.telegram.buttons import NoAdvertising
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


def broadcast(words: Html, params: dict[str, Any]) -> Screen:
    if "telegram" not in params:
        return _sms(words, params)
    text = fill(params["telegram"], params["facts"], words.plain, html=True)
    if not params["opt_out"]:
        return Screen(text)
    return Screen(text, keyboards.rows([keyboards.button(words("No advertising, please"), NoAdvertising())]))


def _sms(words: Html, params: dict[str, Any]) -> Screen:
    """A preview in staff's chat of what a phone would get."""
    text = fill(params["sms"], params["facts"], words.plain, html=False)
    ending = OPT_OUT_BY_SMS if params["opt_out"] else ""
    lines = [
        words.plural("As an SMS, {n} segment:", "As an SMS, {n} segments:", segments.count(text + ending)),
        escape(text, quote=False),
    ]
    if ending:
        lines.append(words("… and how to end advertising."))
    return Screen("\n".join(lines))


TEMPLATES = {"broadcast": broadcast, "broadcast_edit": broadcast}
