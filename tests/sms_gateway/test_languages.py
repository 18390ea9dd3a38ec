"""National alphabets of GSM 7-bit: the letters that are elsewhere, and what a phone shows of the rest."""

from __future__ import annotations

from importlib import import_module

import pytest

from core.messages import gsm
from sms_gateway.languages import PORTUGUESE, SPANISH, TURKISH, Languages, decode
from sms_gateway.texts import text_of

PEER = import_module("gsm0338")  # it comes without types
ALL = bytes(range(0x80))
ESCAPED = b"".join(b"\x1b" + bytes((code,)) for code in range(0x80))


def test_the_default_tables_are_those_of_an_independent_one() -> None:
    without_escape = ALL.replace(b"\x1b", b"")
    assert decode(without_escape) == PEER.Codec().decode(without_escape)[0] == gsm.decode(without_escape)


def test_the_spanish_table_is_that_of_an_independent_one() -> None:
    peer = PEER.Codec(single_shift_decode_map=PEER.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
    escaped = [b"\x1b" + bytes((code,)) for code in PEER.SINGLE_SHIFT_CHARACTER_SET_SPANISH]
    for each in escaped:
        if each != b"\x1b\x1b":
            assert decode(each, Languages(single=SPANISH)) == peer.decode(each)[0]


@pytest.mark.parametrize(
    "languages, octets, text",
    [
        # 3GPP TS 23.038, tables A.3.1, A.3.3, A.2.1, A.2.2 and A.2.3, read by eye.
        (Languages(locking=TURKISH), "40 60 04 07 0b 0c 1c 1d 41", "İç€ıĞğŞşA"),
        (
            Languages(locking=PORTUGUESE),
            "04 06 07 08 09 0b 0c 0e 0f 24 40 5b 5c 5d 60 7b 7c 7d",
            "êúíóçÔôÁáºÍÃÕÚ~ãõ`",
        ),
        (Languages(locking=PORTUGUESE), "12 13 14 15 16 17 18 19 1a 1c 1d 1e", "ªÇÀ∞^\\€Ó|ÂâÊ"),
        (Languages(locking=PORTUGUESE), "02 10 11 1f 5e 5f 7e 7f", "$Δ_ÉÜ§üà"),
        (Languages(single=TURKISH), "1b53 1b73 1b63 1b47 1b67 1b49 1b69 1b65 1b3c", "ŞşçĞğİı€["),
        (Languages(single=SPANISH), "1b09 1b41 1b49 1b4f 1b55 1b61 1b69 1b6f 1b75 1b65", "çÁÍÓÚáíóú€"),
        (Languages(single=PORTUGUESE), "1b05 1b09 1b0b 1b0c 1b0e 1b0f 1b1f 1b5b 1b7f 1b61", "êçÔôÁáÊÃâÂ"),
        (Languages(single=PORTUGUESE), "1b12 1b13 1b14 1b15 1b16 1b17 1b18 1b19", "ΦΓ^ΩΠΨΣΘ"),
        (Languages(TURKISH, SPANISH), "40 1b41", "İÁ"),
        # There is no Spanish locking table; where nothing is escaped, any single table reads alike.
        (Languages(locking=SPANISH), "04 40", "è¡"),
        (Languages(single=99), "04 40", "è¡"),
    ],
)
def test_a_letter_is_where_its_language_has_it(languages: Languages, octets: str, text: str) -> None:
    assert decode(bytes.fromhex(octets), languages) == text


@pytest.mark.parametrize("language", [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 99, 255])
@pytest.mark.parametrize("octets, shift", [("04 40", "locking"), ("61", "locking"), ("61 1b65", "single")])
def test_what_is_in_a_language_that_we_have_no_table_of_is_not_read(
    language: int, octets: str, shift: str
) -> None:
    said, languages = bytes.fromhex(octets), Languages(**{shift: language})
    with pytest.raises(gsm.NotGsm, match=str(language)):
        decode(said, languages)
    assert text_of(said, 0, languages=languages) is None
    assert text_of("да".encode("utf-16-be"), 8, languages=languages) == "да"


@pytest.mark.parametrize(
    "octets, text", [(b"a\x1bA", "aA"), (b"\x1b\x1b", " "), (b"a\x1b", "a "), (b"\x1b0", "0")]
)
def test_an_escape_that_no_table_has_is_shown_as_a_phone_does(octets: bytes, text: str) -> None:
    assert decode(octets) == text


def test_every_septet_shows_something_in_every_language() -> None:
    for language in (0, TURKISH, SPANISH, PORTUGUESE):
        assert len(decode(ALL.replace(b"\x1b", b""), Languages(language, language))) == 127
        assert len(decode(ESCAPED, Languages(language, language))) == 128


def test_an_octet_that_is_no_septet_is_no_text() -> None:
    assert text_of(b"ok\x80", 0) is None
    assert text_of(b"ok\x1b\xff", 0) is None
