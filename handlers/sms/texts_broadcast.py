"""What staff send to many, by SMS: their words with facts of the account, and a way out of advertising."""

from collections.abc import Mapping
from typing import Any

from handlers.broadcasts import fill
from handlers.locale import Words
from handlers.sms.told import Told


def broadcast_text(
    text: str, facts: Mapping[str, Any], words: Words, *, opt_out: bool, short_code: str
) -> str:
    """As it leaves, whose segments are counted; `opt_out`: advertising, which says how to end it."""
    filled = fill(text, facts, words, html=False)
    if not opt_out:
        return filled
    return f"{filled} " + words("No advertising: STOP to {short_code}", short_code=short_code)


def _broadcast(told: Told) -> str:
    params = told.params
    return broadcast_text(
        params["sms"],
        params["facts"],
        told.words,
        opt_out=params["opt_out"],
        short_code=told.profile.sms.short_code,
    )


BROADCAST_TEXTS = {"broadcast": _broadcast}
