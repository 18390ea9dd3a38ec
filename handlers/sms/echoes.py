"""Our own words coming back: a machine that quotes us is not answered."""

import re
from collections.abc import Iterable

from core.messages.autopay_notices import (
    AutopayChanged,
    AutopayConnected,
    AutopayDeleted,
    AutopayNone,
    AutopayRequested,
    AutopayState,
)
from core.messages.notices import (
    Cancelled,
    Help,
    NoCards,
    Notice,
    Paid,
    Pending,
    Quoted,
    Refused,
    Started,
    Stopped,
)
from core.money import Money
from handlers.sms.letters import TEXT_LARGEST, fold, normal
from handlers.sms.texts import Texts

OPENING_SHORTEST = 12  # letters; with fewer, people's own words would be taken for ours

_SOME = Money.roubles(1)
_SAMPLES: list[Notice] = [
    Quoted("1", _SOME, _SOME, _SOME, commission_from=False),
    Paid("1", _SOME, _SOME, _SOME, method="mobile"),
    Pending("1", _SOME),
    Cancelled("1", _SOME),
    Help(),
    Stopped(),
    Started(),
    NoCards(),
    Refused("ambiguous_numbers"),
    Refused("amount_malformed"),
    Refused("amount_missing"),
    Refused("no_open_quote"),
    Refused("no_registered_phone"),
    Refused("already_confirmed"),
    AutopayNone("1"),
    AutopayState("1", _SOME, {"days": 1}, None, state="active"),
    AutopayConnected("1", _SOME, {"days": 1}, None),
    AutopayRequested("1", _SOME, {"days": 1}, None),
    AutopayChanged("1", _SOME, {"days": 1}, None),
    AutopayDeleted("1", in_flight=False),
    *(Refused(f"autopay_{each}") for each in ("ambiguous_numbers", "amount_malformed", "amount_missing")),
    Refused("code_expired"),
    *(Refused("code_wrong", {"tries_left": left}) for left in (0, 4)),
    Refused("no_mandate"),
]
_LETTERS = re.compile(r"[^\W\d_]+")


class Echoes:
    def __init__(self, texts: Texts, locales: Iterable[str]) -> None:
        openings = {
            _letters(re.split(r"\d", texts.say(said, locale))[0]) for locale in locales for said in _SAMPLES
        }
        self._openings = tuple(opening for opening in openings if len(opening) >= OPENING_SHORTEST)

    def heard_in(self, text: str) -> bool:
        """Whether a text holds the opening words of one of ours."""
        heard = _letters(text[:TEXT_LARGEST])
        return any(opening in heard for opening in self._openings)


def _letters(text: str) -> str:
    return "".join(fold(word) for word in _LETTERS.findall(normal(text)))
