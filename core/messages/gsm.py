"""The GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1), one octet a septet as SMPP carries it."""

from __future__ import annotations

ESCAPE = 0x1B

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip

_OCTETS = {char: bytes((code,)) for code, char in enumerate(BASIC) if code != ESCAPE} | {
    char: bytes((ESCAPE, code)) for code, char in EXTENSION.items()
}


class NotGsm(ValueError):
    """A character or an octet that the alphabet does not have."""


def fits(text: str) -> bool:
    return all(char in _OCTETS for char in text)


def encode(text: str) -> bytes:
    try:
        return b"".join([_OCTETS[char] for char in text])
    except KeyError as error:
        raise NotGsm(f"character U+{ord(error.args[0]):04X}") from error


def decode(octets: bytes) -> str:
    """The text of unpacked septets; NotGsm at an octet above 0x7F, an unknown extension, a last ESC."""
    chars = []
    rest = iter(octets)
    for code in rest:
        if code == ESCAPE:
            extension = next(rest, None)
            if extension not in EXTENSION:
                raise NotGsm(f"ESC followed by {extension}")
            chars.append(EXTENSION[extension])
        elif code < len(BASIC):
            chars.append(BASIC[code])
        else:
            raise NotGsm(f"octet {code:#x}")
    return "".join(chars)
