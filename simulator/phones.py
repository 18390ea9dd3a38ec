"""The SMS phones of the demo: what each has received, joined, and what its owner sent."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from simulator.bus import Bus
from simulator.sms_text import Part, decode

# A phone keeps the newest messages; an older one is of no use to the page.
KEPT_MESSAGES = 500
# Unfinished texts a phone holds: a part that never comes must not fill the memory.
KEPT_UNFINISHED = 50


class Direction(StrEnum):
    TO_PHONE = "mt"
    FROM_PHONE = "mo"


class State(StrEnum):
    WAITING = "waiting"  # sent by the owner, not yet acknowledged by the product
    DONE = "done"


@dataclass(slots=True)
class Message:
    id: int
    sender: str
    to: str
    text: str
    at: datetime
    direction: Direction
    segments: int
    state: State = State.DONE

    def facts(self) -> dict[str, object]:
        facts = asdict(self)
        facts["from"] = facts.pop("sender")
        return facts | {"at": self.at.isoformat()}


@dataclass(slots=True)
class Phone:
    messages: list[Message] = field(default_factory=list)
    unfinished: dict[tuple[str, int, int], dict[int, Part]] = field(default_factory=dict)


class SmsPhones:
    def __init__(self, bus: Bus, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._now = now
        self._phones: dict[str, Phone] = {}
        self._last_id = 0

    def messages(self, msisdn: str) -> list[Message]:
        return list(self._phone(msisdn).messages)

    def receive(self, msisdn: str, *, sender: str, part: Part) -> None:
        """Show a text once all of its parts have come; they are joined as bytes, then decoded."""
        if part.reference is None:
            self._show(msisdn, sender, [part])
            return
        unfinished = self._phone(msisdn).unfinished
        key = (sender, part.reference, part.total)
        parts = unfinished.setdefault(key, {})
        parts[part.number] = part
        if len(parts) == part.total:
            del unfinished[key]
            self._show(msisdn, sender, [parts[number] for number in sorted(parts)])
        elif len(unfinished) > KEPT_UNFINISHED:
            del unfinished[next(iter(unfinished))]

    def write(self, msisdn: str, *, to: str, text: str, segments: int) -> Message:
        message = self._message(msisdn, to, text, Direction.FROM_PHONE, segments)
        message.state = State.WAITING
        return self._keep(msisdn, message)

    def delivered(self, msisdn: str, message: Message) -> None:
        message.state = State.DONE
        self._bus.publish(f"sms:{msisdn}")

    def _show(self, msisdn: str, sender: str, parts: list[Part]) -> None:
        text = decode(b"".join(part.payload for part in parts), parts[0].data_coding)
        self._keep(msisdn, self._message(sender, msisdn, text, Direction.TO_PHONE, len(parts)))

    def _message(self, sender: str, to: str, text: str, direction: Direction, segments: int) -> Message:
        self._last_id += 1
        return Message(self._last_id, sender, to, text, self._now(), direction, segments)

    def _keep(self, msisdn: str, message: Message) -> Message:
        messages = self._phone(msisdn).messages
        messages.append(message)
        del messages[:-KEPT_MESSAGES]
        self._bus.publish(f"sms:{msisdn}")
        return message

    def _phone(self, msisdn: str) -> Phone:
        return self._phones.setdefault(msisdn, Phone())
