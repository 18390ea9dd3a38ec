"""Sums said in words, as people write them behind the digits: "500 (пятьсот) рублей"."""

from collections.abc import Sequence

from handlers.sms.letters import fold

_THOUSAND = 1_000
_VALUES = {
    fold(word): value
    for value, words in {
        0: "ноль",
        1: "один одна",
        2: "два две",
        3: "три",
        4: "четыре",
        5: "пять",
        6: "шесть",
        7: "семь",
        8: "восемь",
        9: "девять",
        10: "десять",
        20: "двадцать",
        30: "тридцать",
        40: "сорок",
        50: "пятьдесят",
        60: "шестьдесят",
        70: "семьдесят",
        80: "восемьдесят",
        90: "девяносто",
        100: "сто",
        200: "двести",
        300: "триста",
        400: "четыреста",
        500: "пятьсот",
        600: "шестьсот",
        700: "семьсот",
        800: "восемьсот",
        900: "девятьсот",
        _THOUSAND: "тысяча тысячу тысячи",
    }.items()
    for word in words.split()
}


def value_of(words: Sequence[str]) -> int | None:
    """The number that folded words say together; None where one of them says none."""
    whole, part = 0, 0
    for word in words:
        value = _VALUES.get(word)
        if value is None:
            return None
        if value == _THOUSAND:
            whole, part = whole + (part or 1) * _THOUSAND, 0
        else:
            part += value
    return whole + part
