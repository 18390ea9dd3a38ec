"""At start of the Telegram door: what keeps aiogram and the collector from working twice."""

import gc
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

# An update makes thousands of objects that die with it: looking through them seldom finds anything.
COLLECT_AFTER = (20_000, 20, 50)

# pydantic forgets a generic model that nobody refers to and builds it again at the next answer: 7 ms.
_kept: list[Any] = []


def keep_response_models() -> None:
    for method in USED_METHODS:
        model = Response[method.__returning__]  # type: ignore[name-defined]  # known only when running
        model.model_rebuild()
        _kept.append(model)


def freeze_collector() -> None:
    """What was made at start lives as long as the process: a full collection no longer walks through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
