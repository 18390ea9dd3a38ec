"""Frames out of a stream that arrives in any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp.framer import MOST_FRAME_OCTETS, Framer, FramingError
from tests.sms_gateway.octets import frame

FRAMES = [frame(0x15), frame(5, bytes(100)), frame(0x80000006), frame(4, bytes(3))]


@given(st.lists(st.integers(1, 60), min_size=1))
def test_frames_come_out_whole_however_the_stream_is_cut(sizes: list[int]) -> None:
    stream, framer, at = b"".join(FRAMES), Framer(), 0
    found: list[bytes] = []
    while at < len(stream):
        size = sizes[at % len(sizes)]
        found += framer.feed(stream[at : at + size])
        at += size
    assert found == FRAMES


@pytest.mark.parametrize("length", [0, 15, MOST_FRAME_OCTETS + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_one_is_refused_after_the_sound_frames(length: int) -> None:
    frames = Framer().feed(FRAMES[0] + length.to_bytes(4, "big") + bytes(12))
    assert next(frames) == FRAMES[0]
    with pytest.raises(FramingError, match=str(length)):
        next(frames)


def test_the_longest_frame_passes() -> None:
    longest = frame(5, bytes(MOST_FRAME_OCTETS - 16))
    assert list(Framer().feed(longest)) == [longest]
