"""At start of the Telegram door: what keeps pydantic from building the same models twice."""

from typing import Any

from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetMe,
    Response,
    SendMessage,
    SetMyCommands,
    TelegramMethod,
)

USED_METHODS: tuple[type[TelegramMethod[Any]], ...] = (
    AnswerCallbackQuery,
    EditMessageText,
    GetMe,
    SendMessage,
    SetMyCommands,
)

# pydantic forgets a generic model that nobody refers to and builds it again at the next answer: 7 ms.
_kept: list[Any] = []


def keep_response_models() -> None:
    for method in USED_METHODS:
        model = Response[method.__returning__]  # type: ignore[name-defined]  # known only when running
        model.model_rebuild()
        _kept.append(model)
