"""Notices to staff: what waits for one of them."""

from dataclasses import dataclass
from datetime import timedelta

from core.messages.notices import Notice


@dataclass(frozen=True)
class BroadcastWaits(Notice):
    """A broadcast, or with `edit` another text for one that was sent, waits for a second person.

    `version` is the one that `by` wrote, and that may be approved. `outgrew`: it has grown past so many
    recipients, to whom it was let. `own`: the reader wrote it, and cannot approve it.
    """

    template = "broadcast_waits"
    lives = timedelta(days=1)
    broadcast: int
    version: int
    title: str
    by: str
    recipients: int
    edit: bool = False
    outgrew: int | None = None
    own: bool = False
