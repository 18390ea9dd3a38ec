"""ArsenalPay's own mandates: listed and ended over its API, with a token of OAuth 2.0 (RFC 6749, 4.4)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from time import monotonic
from typing import Any

from core.payments.line import Answer, Line
from core.payments.provider import Done, NotSent, Subscription, Unknown

TOKEN_PATH = "/api/oauth2/token"
LIST_PATH = "/api/v1/subscriptions"
TOKEN_SECONDS = 60.0  # where the answer does not say how long it lives
TOKEN_MARGIN_SECONDS = 10.0  # one that ends on its way is of no use
_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,64}")


class Subscriptions:
    def __init__(self, line: Line, *, client_id: str, client_secret: str) -> None:
        self._line = line
        self._client_id = client_id
        self._client_secret = client_secret
        self._token = ""
        self._token_until = 0.0

    async def live(self) -> Sequence[Subscription] | Unknown:
        answer = await self._call("GET", LIST_PATH)
        if not isinstance(answer, Answer):
            return Unknown(answer.reason)
        if answer.status != 200:
            return Unknown(f"status_{answer.status}")
        try:
            said = json.loads(answer.body)
            found = [_subscription(each) for each in said["items"]]
            if said["total"] != len(found):
                return Unknown("a part of the list is missing")
        except (ValueError, KeyError, TypeError):
            return Unknown("unreadable answer")
        return found

    async def delete(self, reference: str) -> Done | NotSent | Unknown:
        if not _REFERENCE.fullmatch(reference):
            return Done()  # it cannot be one of theirs
        answer = await self._call("DELETE", f"{LIST_PATH}/{reference}")
        if not isinstance(answer, Answer):
            return answer
        if answer.status in (200, 204, 404):
            return Done() if _code(answer) in (200, 204, 404) else Unknown("refused")
        return Unknown(f"status_{answer.status}")

    async def _call(self, method: str, path: str) -> Answer | NotSent | Unknown:
        """With the token at hand, and once more with a fresh one where that has ended early."""
        for _ in range(2):
            token = await self._fresh_token()
            if not isinstance(token, str):
                return token
            answer = await self._line.ask(method, path, headers={"Authorization": f"Bearer {token}"})
            if not isinstance(answer, Answer) or answer.status != 401:
                return answer
            self._token_until = 0.0
        return NotSent("unauthorised")

    async def _fresh_token(self) -> str | NotSent:
        if monotonic() < self._token_until:
            return self._token
        answer = await self._line.ask(
            "POST",
            TOKEN_PATH,
            form={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
            },
        )
        if not isinstance(answer, Answer) or answer.status != 200:
            return NotSent("no token")
        try:
            said = json.loads(answer.body)
            self._token = _word(said["access_token"])
            lives = float(said.get("expires_in", TOKEN_SECONDS))
        except (ValueError, KeyError, TypeError, AttributeError):
            return NotSent("no token")
        self._token_until = monotonic() + lives - TOKEN_MARGIN_SECONDS
        return self._token


def _subscription(said: Mapping[str, Any]) -> Subscription:
    reference = str(said["id"])
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("identifier")
    return Subscription(
        reference=reference,
        number=str(said["destination"]),
        ends_on=_day(said.get("endDate")),
        last_on=_day(said.get("lastDate")),
        next_on=_day(said.get("nextDate")),
    )


def _day(text: object) -> date | None:
    """The day of a date or of a moment, as it is written there."""
    return None if not text else date.fromisoformat(str(text)[:10])


def _code(answer: Answer) -> int:
    """Some answers carry their real status inside; 0 for one that cannot be read."""
    try:
        return int(json.loads(answer.body).get("code", answer.status)) if answer.body else answer.status
    except (ValueError, TypeError, AttributeError):
        return 0


def _word(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise ValueError("token")
    return value
