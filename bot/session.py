"""The bot's way out: Bot API calls as JSON, with errors that tell whether a request may have taken effect."""

import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import certifi
from aiogram import Bot
from aiogram.client.default import Default
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetFile, SendDocument, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    FormData,
    Payload,
    TCPConnector,
)
from aiohttp.hdrs import CONTENT_TYPE
from pydantic import BaseModel
from yarl import URL

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
CONNECTIONS = 100
LEAST_RETRY_SECONDS = 1
ANSWERED_BY_A_MESSAGE = frozenset({"sendMessage", "sendDocument", "editMessageText"})
AS_IT_IS = frozenset({str, int, bool, float, type(None)})
as_json = json.JSONEncoder(ensure_ascii=False).encode


class NotSent(TelegramNetworkError):
    """No connection came about: the request never left, sending it again is safe."""


class Unanswered(TelegramNetworkError):
    """The request may have been carried out: its answer did not come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Of the message that Telegram answers with only the id is of use: the rest we have just said."""

    message_id: int


class JsonSession(BaseSession):
    """No empty fields, no models of answers, forms for files alone: a third of the stock session's work."""

    def __init__(self, base: str) -> None:
        super().__init__(api=TelegramAPIServer.from_base(base), timeout=ANSWER_SECONDS)
        self._tls: ssl.SSLContext | bool = True
        if URL(base).scheme == "https":
            self._tls = ssl.create_default_context(cafile=certifi.where())
        self._session: ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        status, content = await self._post(bot, method, timeout)
        if not content.startswith(b"{") and status < HTTPStatus.BAD_REQUEST:
            raise Unanswered(method=method, message="no answer of Telegram's")  # somebody between us spoke
        if status == HTTPStatus.OK and method.__api_method__ in ANSWERED_BY_A_MESSAGE:
            return cast(TelegramType, Sent(json.loads(content)["result"]["message_id"]))
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            raise Unanswered(method=method, message="HTTP 504")  # who stands before Telegram gave up waiting
        if not content.startswith(b"{"):
            raise TelegramServerError(method=method, message=f"HTTP {status}")
        return self._checked(bot, method, status, content.decode(errors="replace"))

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = ANSWER_SECONDS,
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        patience = _patience(timeout)
        try:
            async with self._open().get(
                url, headers=headers, timeout=patience, raise_for_status=raise_for_status
            ) as response:
                async for chunk in response.content.iter_chunked(chunk_size):
                    yield chunk
        except (TimeoutError, ClientError) as error:
            # The library's own words hold the address, and that holds the token.
            raise NotSent(method=GetFile(file_id=""), message=type(error).__name__) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _checked(
        self, bot: Bot, method: TelegramMethod[TelegramType], status: int, content: str
    ) -> TelegramType:
        try:
            response = self.check_response(bot=bot, method=method, status_code=status, content=content)
        except TelegramAPIError as error:
            if status != HTTPStatus.TOO_MANY_REQUESTS or isinstance(error, TelegramRetryAfter):
                raise
            # A 429 that names no time is one all the same.
            retry = TelegramRetryAfter(method=method, message=error.message, retry_after=LEAST_RETRY_SECONDS)
            raise retry from error
        return cast(TelegramType, response.result)

    async def _post(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None) -> tuple[int, bytes]:
        body, headers = self._said(bot, method)
        try:
            async with self._open().post(
                self._url(bot.token, method.__api_method__),
                data=body,
                headers=headers,
                timeout=PATIENCE if timeout is None else _patience(timeout),
            ) as response:
                return response.status, await response.read()
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise NotSent(method=method, message=type(error).__name__) from error
        except (TimeoutError, ClientError) as error:
            raise Unanswered(method=method, message=type(error).__name__) from error

    def _said(
        self, bot: Bot, method: TelegramMethod[Any]
    ) -> tuple[bytes | Payload, Mapping[str, str] | None]:
        """The body of a call, and its headers where they are not the usual ones."""
        if isinstance(method, SendDocument) and isinstance(method.document, InputFile):
            form = self._form(bot, method, method.document)
            return form, {CONTENT_TYPE: form.headers[CONTENT_TYPE]}
        return as_json(self._plain(bot, method)).encode(), None

    def _form(self, bot: Bot, method: SendDocument, file: InputFile) -> Payload:
        """Bot API, "Sending files": parts of a form, what is nested in them as JSON."""
        form = FormData()
        rest: dict[str, Any] = self._plain(bot, method.model_copy(update={"document": None}))
        for name, value in rest.items():
            form.add_field(name, value if isinstance(value, str) else as_json(value))
        form.add_field("document", file.read(bot), filename=file.filename)
        return form()

    def _plain(self, bot: Bot, value: Any) -> Any:
        """A method, or a part of one, as JSON knows it; what is not said is left out."""
        if type(value) in AS_IT_IS:
            return value
        if isinstance(value, BaseModel):
            return {
                name: plain
                for name, item in vars(value).items()
                if item is not None and (plain := self._plain(bot, item)) is not None
            }
        if isinstance(value, list | tuple):
            return [self._plain(bot, item) for item in value]
        if isinstance(value, Default):
            return self._plain(bot, bot.default[value.name])
        if isinstance(value, str):
            return value  # an enum's; as JSON it is its value
        raise TypeError(f"{type(value).__name__} is not sent by this session")

    def _url(self, token: str, method: str) -> URL:
        if method not in self._urls:
            self._urls[method] = URL(self.api.api_url(token, method), encoded=True)
        return self._urls[method]

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=CONNECTIONS, ssl=self._tls),
                headers={CONTENT_TYPE: "application/json"},
                cookie_jar=DummyCookieJar(),
            )
        return self._session


def _patience(seconds: float) -> ClientTimeout:
    return ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)


PATIENCE = _patience(ANSWER_SECONDS)
