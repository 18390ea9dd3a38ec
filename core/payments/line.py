"""A provider's HTTP interface: one request, and either its whole answer or what its failure means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from core.payments.provider import NotSent, Unknown

TIMEOUT_SECONDS = 15.0  # below the lease of a payment that is being sent
CONNECT_SECONDS = 5.0
ANSWER_LARGEST_BYTES = 4 * 1024 * 1024  # a page of a register is some hundreds of kilobytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Line:
    """Follows no redirects: they would carry credentials and money to another place."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, CONNECT_SECONDS))
        self._http: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer | NotSent | Unknown:
        """NotSent where no connection came to be: only then is it certain that nothing happened."""
        try:
            async with self._session().request(
                method,
                self._url + path,
                params=params,
                headers=headers,
                data=form,
                json=json,
                allow_redirects=False,
            ) as response:
                body = bytearray()
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > ANSWER_LARGEST_BYTES:
                        return Unknown("answer too large")
                return Answer(response.status, bytes(body))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return NotSent("unreachable")
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(type(error).__name__)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=self._timeout)
        return self._http
