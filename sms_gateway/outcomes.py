"""What came of handing one part to an SMSC: the last word of the way out, before it is written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Submitted:
    """The SMSC has it; `message_id` is empty where it gave none."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The SMSC said no. `retry`: it may say yes to the same message later; `slow_down`: it takes none now."""

    status: int
    retry: bool
    slow_down: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """It never left us."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It left us and no answer came: sent or not, nobody here can tell.

    `message_id` is empty but where it is ours to give: then a receipt settles it.
    """

    why: str
    message_id: str = ""


Outcome = Submitted | Refused | NotSent | Unknown
