"""The alphabet against an independent one, and texts cut into short messages."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import gsm
from core.messages.segments import Alphabet, TooLong, count, segments_of
from sms_gateway.smpp.link import ALPHABETS
from sms_gateway.texts import text_of

PEER = import_module("gsm0338").Codec()  # it comes without types
EVERY_GSM_CHARACTER = "".join(char for char in map(chr, range(0x10000)) if gsm.fits(char))


def test_the_alphabet_is_that_of_an_independent_table() -> None:
    assert len(EVERY_GSM_CHARACTER) == 127 + 10
    assert gsm.encode(EVERY_GSM_CHARACTER) == PEER.encode(EVERY_GSM_CHARACTER)[0]
    assert gsm.decode(gsm.encode(EVERY_GSM_CHARACTER)) == EVERY_GSM_CHARACTER


# The peer takes an escape that escapes nothing; a phone would show the next character in another way.
@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_characters="\x1b"), max_size=8))
def test_what_the_peer_refuses_does_not_fit(text: str) -> None:
    try:
        octets = PEER.encode(text)[0]
    except UnicodeEncodeError:
        assert not gsm.fits(text)
        with pytest.raises(gsm.NotGsm):
            gsm.encode(text)
    else:
        assert gsm.encode(text) == octets


@pytest.mark.parametrize("octets", [b"\x80", b"\x1b", b"\x1b\x41", b"ok\xff"])
def test_octets_outside_the_alphabet_are_refused(octets: bytes) -> None:
    with pytest.raises(gsm.NotGsm):
        gsm.decode(octets)


class Case(NamedTuple):
    name: str
    text: str
    coding: int
    sizes: list[int]  # of the payloads, in octets
    alphabet: Alphabet = "gsm"


CASES = [
    Case("nothing", "", 0, [0]),
    Case("160 septets", "a" * 160, 0, [160]),
    Case("161 septets", "a" * 161, 0, [153, 8]),
    Case("306 septets", "a" * 306, 0, [153, 153]),
    Case("307 septets", "a" * 307, 0, [153, 153, 1]),
    Case("an extension takes two septets", "€" * 80, 0, [160]),
    Case("ESC pairs are not split", "€" * 81, 0, [152, 10]),
    Case("an ESC pair at the edge moves on", "a" * 152 + "€" + "a" * 10, 0, [152, 12]),
    Case("70 UTF-16 units", "я" * 70, 8, [140]),
    Case("71 UTF-16 units", "я" * 71, 8, [134, 8]),
    Case("one Cyrillic letter makes all UCS-2", "a" * 80 + "я", 8, [134, 28]),
    Case("35 emoji", "👍" * 35, 8, [140]),
    Case("surrogate pairs are not split", "👍" * 36, 8, [132, 12]),
    Case("a surrogate pair at the edge moves on", "я" * 66 + "👍" + "я" * 3, 8, [132, 10]),
    Case("Latin-1 for an SMSC that means it", "naïve é", 8, [14]),
    Case("Latin-1 within GSM", "è é", 0, [3], "latin1"),
    Case("a Greek letter is GSM but not Latin-1", "Δ", 8, [2], "latin1"),
    Case("a brace counts twice in ASCII too", "{" * 81, 0, [76, 5], "ascii"),
    Case("a pound sign is not ASCII", "£", 8, [2], "ascii"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_text_is_cut_at_the_alphabets_limits(case: Case) -> None:
    segments = segments_of(case.text, reference=7, alphabet=case.alphabet)
    assert [len(each.payload) for each in segments] == case.sizes
    assert {each.data_coding for each in segments} == {case.coding}
    total = len(segments)
    wanted = [b""] if total == 1 else [bytes((5, 0, 3, 7, total, n)) for n in range(1, total + 1)]
    assert [each.udh for each in segments] == wanted
    if case.alphabet == "gsm":
        assert count(case.text) == total


@given(st.text(st.sampled_from("aя€{👍\n 1"), max_size=700))
def test_parts_fit_the_air_and_each_reads_alone(text: str) -> None:
    segments = segments_of(text)
    read = [text_of(each.payload, each.data_coding) for each in segments]
    assert "".join(part or "" for part in read) == text
    assert None not in read
    for each in segments:
        septets = each.data_coding == 0
        most = (153 if septets else 134) if each.udh else (160 if septets else 140)
        assert len(each.payload) <= most


def test_more_than_255_parts_are_refused() -> None:
    assert len(segments_of("a" * 153 * 255)) == 255
    with pytest.raises(TooLong, match="256 parts"):
        segments_of("a" * (153 * 255 + 1))


def test_a_lone_surrogate_goes_out_as_a_question_mark() -> None:
    assert segments_of("я\ud83d")[0].payload == "я?".encode("utf-16-be")


class Read(NamedTuple):
    name: str
    coding: int
    octets: bytes
    text: str | None
    alphabet: Alphabet = "gsm"


READ = [
    Read("default as GSM", 0, b"\x00\x1b\x65", "@€"),
    Read("default as Latin-1", 0, b"\xe9", "é", "latin1"),
    Read("default as ASCII", 0, b"@", "@", "ascii"),
    Read("default as ASCII with a high octet", 0, b"\xe9", None, "ascii"),
    Read("ASCII", 1, b"a@", "a@"),
    Read("Latin-1", 3, b"\xe9", "é"),
    Read("Cyrillic", 6, b"\xd4\xd0", "да"),
    Read("UCS-2", 8, "да 👍".encode("utf-16-be"), "да 👍"),
    Read("UCS-2 with a byte order mark", 8, "\ufeffда".encode("utf-16-be"), "да"),
    Read("UCS-2 of an odd length", 8, b"\x04", None),
    Read("UCS-2 with half a surrogate pair", 8, b"\xd8\x3d", None),
    Read("UCS-2 with a NUL", 8, b"\x00\x00\x04\x30", "\ufffdа"),
    Read("flash in GSM", 0x10, b"hi", "hi"),
    Read("flash in UCS-2", 0x18, b"\x04\x30", "а"),
    Read("message waiting in UCS-2", 0xE0, b"\x04\x30", "а"),
    Read("message class in GSM", 0xF0, b"hi", "hi"),
    Read("message class in octets", 0xF4, b"hi", None),
    Read("binary", 4, b"hi", None),
    Read("a reserved coding", 0x0B, b"hi", "hi"),
]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_octets_are_read_by_their_coding(case: Read) -> None:
    assert text_of(case.octets, case.coding, alphabets={**ALPHABETS, 0: case.alphabet}) == case.text
