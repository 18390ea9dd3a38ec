"""GSM 7-bit text of national alphabets, which a phone tells of in its header (3GPP TS 23.038, annex A)."""

from __future__ import annotations

from typing import NamedTuple

from core.messages import gsm

# National Language Identifiers (6.2.1.2.4). What a text says in another language cannot be read: by the
# default tables, which the standard has for identifiers that it does not know, it would be other letters.
DEFAULT_LANGUAGE, TURKISH, SPANISH, PORTUGUESE = 0, 1, 2, 3

# What each table has in another place than the default one.
_LOCKING: dict[int, dict[int, str]] = {
    DEFAULT_LANGUAGE: {},
    SPANISH: {},  # it has no table of its own
    TURKISH: {
        0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç",
    },
    PORTUGUESE: {
        0x04: "ê", 0x06: "ú", 0x07: "í", 0x08: "ó", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á",
        0x0F: "á", 0x12: "ª", 0x13: "Ç", 0x14: "À", 0x15: "∞", 0x16: "^", 0x17: "\\", 0x18: "€",
        0x19: "Ó", 0x1A: "|", 0x1C: "Â", 0x1D: "â", 0x1E: "Ê", 0x24: "º", 0x40: "Í", 0x5B: "Ã",
        0x5C: "Õ", 0x5D: "Ú", 0x60: "~", 0x7B: "ã", 0x7C: "õ", 0x7D: "`",
    },
}  # fmt: skip
_SINGLE: dict[int, dict[int, str]] = {
    DEFAULT_LANGUAGE: {},
    TURKISH: {
        0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş",
    },
    SPANISH: {
        0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú",
    },
    PORTUGUESE: {
        0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ",
        0x15: "Ω", 0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í",
        0x4F: "Ó", 0x55: "Ú", 0x5B: "Ã", 0x5C: "Õ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú",
        0x7B: "ã", 0x7C: "õ", 0x7F: "â",
    },
}  # fmt: skip


class Languages(NamedTuple):
    """The alphabet of a text, and that of what follows an escape; 0 is the default."""

    locking: int = DEFAULT_LANGUAGE
    single: int = DEFAULT_LANGUAGE


DEFAULT = Languages()


def decode(octets: bytes, languages: Languages = DEFAULT) -> str:
    """The text of unpacked septets as a phone shows it; gsm.NotGsm at an octet above 0x7F, and at a letter
    whose language is none of these.

    What is escaped and in no table is shown unescaped; an escape that escapes nothing is a space (6.2.1.1).
    """
    locking, single = _LOCKING.get(languages.locking), _SINGLE.get(languages.single)
    if locking is None:
        raise gsm.NotGsm(f"language {languages.locking}")
    chars = []
    rest = iter(octets)
    for code in rest:
        escaped = None
        if code == gsm.ESCAPE:
            if single is None:
                raise gsm.NotGsm(f"language {languages.single}")
            code = next(rest, gsm.ESCAPE)
            escaped = single.get(code) or gsm.EXTENSION.get(code)
        if code >= len(gsm.BASIC):
            raise gsm.NotGsm(f"octet {code:#x}")
        if escaped is None:
            escaped = " " if code == gsm.ESCAPE else locking.get(code) or gsm.BASIC[code]
        chars.append(escaped)
    return "".join(chars)
