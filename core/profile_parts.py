"""What a profile is made of: parts that take nothing unknown, money as text, words by language."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from core.money import Money


def _money(value: object) -> Money:
    """Roubles as text ("890.00"): a float in a money path would be a bug."""
    if isinstance(value, Money):
        return value
    if not isinstance(value, str):
        raise ValueError('write money as text, such as "890.00"')
    if value.startswith("-"):
        raise ValueError("no price or limit is below zero")
    return Money.parse(value)


Roubles = Annotated[Money, BeforeValidator(_money)]
Words = dict[str, str]  # one text a language


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def only_once(what: str, codes: list[str]) -> None:
    """Raises ValueError for a name that is there twice."""
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(f"{what} {', '.join(twice)} is there twice")
