"""A call that Telegram refuses: the code and the words that go back to the bot instead of a result."""

from __future__ import annotations

from typing import Any

ApiObject = dict[str, Any]


class ApiError(Exception):
    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> ApiObject:
        answer: ApiObject = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(text: str) -> ApiError:
    return ApiError(400, f"Bad Request: {_lowered(text)}")


def forbidden(text: str) -> ApiError:
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    return ApiError(409, f"Conflict: {text}")


def too_many_requests(retry_after: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def _lowered(text: str) -> str:
    # Telegram lowers the first letter of a sentence and leaves codes such as BUTTON_DATA_INVALID alone.
    is_code = len(text) > 1 and (text[1] == "_" or "A" <= text[1] <= "Z")
    return text if is_code else text[:1].lower() + text[1:]
