"""What Kannel reports of a message that it was given: the types of its dlr-url as delivery receipts."""

from __future__ import annotations

import re

from sms_gateway.receipts import Receipt

# The bits of dlr-mask, one a report (Kannel's user guide, "Delivery Reports").
DELIVERED, UNDELIVERED, BUFFERED, ACCEPTED, REJECTED, INTERMEDIATE = 1, 2, 4, 8, 16, 32
ALL_REPORTS = DELIVERED | UNDELIVERED | BUFFERED | ACCEPTED | REJECTED

_STATES = {
    DELIVERED: "DELIVRD",
    UNDELIVERED: "UNDELIV",
    BUFFERED: "ENROUTE",
    ACCEPTED: "ACCEPTD",
    REJECTED: "REJECTD",
    INTERMEDIATE: "ENROUTE",
}
_SAID = re.compile(r"\bstat:\s*([a-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*(\w+)|NACK/(\w+)", re.IGNORECASE)
_OWN_TEXT = re.compile(r"\btext:", re.IGNORECASE)


def receipt_of(message_id: str, kind: int, answer: str) -> Receipt | None:
    """None for a type that Kannel does not have. `answer` (%A) is what the SMSC said, if anything."""
    state = _STATES.get(kind)
    if state is None:
        return None
    answer = _OWN_TEXT.split(answer, maxsplit=1)[0]  # what we had sent may follow, and is nobody's business
    said, error = _SAID.search(answer), _ERROR.search(answer)
    if said and kind == UNDELIVERED:
        state = said[1].upper()  # expired, deleted, rejected: for Kannel all the same
    return Receipt((message_id,), state, (error[1] or error[2]) if error else "")
