"""Stand-ins that tests look into afterwards: a clock that stands still."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until a test moves it. Starts on Monday 27 April 2026 at 15:00 in Vladivostok."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.fromisoformat("2026-04-27T15:00:00+10:00").astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def shift(self, by: timedelta) -> None:
        self.at += by
