"""What staff send to many, in a chat: their words with facts of the account, a way out of advertising."""

from typing import Any

from handlers.broadcasts import fill
from handlers.telegram import keyboards
from handlers.telegram.buttons import NoAdvertising
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


def broadcast(words: Html, params: dict[str, Any]) -> Screen:
    text = fill(params["telegram"], params["facts"], words.plain, html=True)
    if not params["opt_out"]:
        return Screen(text)
    return Screen(text, keyboards.rows([keyboards.button(words("No advertising, please"), NoAdvertising())]))


TEMPLATES = {"broadcast": broadcast, "broadcast_edit": broadcast}
