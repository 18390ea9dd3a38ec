"""Between catalogue and chat: texts are HTML for Telegram, and a fact in them is never markup."""

from datetime import date, datetime
from html import escape

from core.money import Money
from handlers.locale import Words


class Html:
    """Words whose facts are escaped. Buttons and toasts know no markup: no markup in their texts."""

    def __init__(self, plain: Words) -> None:
        self._plain = plain

    @property
    def plain(self) -> Words:
        """The same words for what escapes its facts itself."""
        return self._plain

    @property
    def code(self) -> str:
        return self._plain.code

    def __call__(self, source: str, /, **facts: object) -> str:
        return self._plain(source, **_escaped(facts))

    def plural(self, one: str, many: str, n: int, /, **facts: object) -> str:
        return self._plain.plural(one, many, n, **_escaped(facts))

    def money(self, amount: Money) -> str:
        return self._plain.money(amount)

    def date(self, at: datetime | date) -> str:
        return self._plain.date(at)

    def moment(self, at: datetime) -> str:
        return self._plain.moment(at)


def _escaped(facts: dict[str, object]) -> dict[str, object]:
    return {name: escape(str(fact), quote=False) for name, fact in facts.items()}
