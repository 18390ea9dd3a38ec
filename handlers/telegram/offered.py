"""What this installation offers in the chat, known at start: the buttons of what it lacks are not shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offered:
    cards: bool = False  # saved cards, and autopay with them
    sms_codes: bool = False
