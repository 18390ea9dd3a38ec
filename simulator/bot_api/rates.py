"""How fast a bot may write: a bucket for the whole bot and one for each chat."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from simulator.bot_api.errors import too_many_requests


@dataclass
class Bucket:
    per_second: float
    burst: float
    left: float
    at: float = field(default_factory=time.monotonic)

    def wait(self) -> float:
        """Seconds until one more message fits; 0 when it fits now."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1 - self.left) / self.per_second)


@dataclass
class Rates:
    per_second: float = 30
    burst: float = 30
    chat_per_second: float = 1
    chat_burst: float = 10  # Telegram lets a short burst through and says nowhere how long
    enabled: bool = True
    _all: Bucket | None = None
    _chats: dict[int, Bucket] = field(default_factory=dict)

    def spend(self, chat_id: int) -> None:
        """Takes the place of one message, or refuses it and takes nothing."""
        if not self.enabled:
            return
        if self._all is None:
            self._all = Bucket(self.per_second, self.burst, self.burst)
        chat = self._chats.setdefault(chat_id, Bucket(self.chat_per_second, self.chat_burst, self.chat_burst))
        wait = max(self._all.wait(), chat.wait())
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        self._all.left -= 1
        chat.left -= 1
