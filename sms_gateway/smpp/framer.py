"""Cuts the TCP stream of an SMSC into frames; the step before the codec."""

from __future__ import annotations

from collections.abc import Iterator

LEAST_FRAME_OCTETS = 16  # a header
MOST_FRAME_OCTETS = 128 * 1024  # a deliver_sm with a full message_payload is 64 KiB; more is not SMPP


class FramingError(Exception):
    """A command_length that cannot be one: where the next frame begins is lost, so is the connection."""


class Framer:
    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes, in order; FramingError after the last sound one."""
        held = self._held
        held += data
        at = 0
        try:
            while len(held) - at >= 4:
                length = int.from_bytes(held[at : at + 4], "big")
                if not LEAST_FRAME_OCTETS <= length <= MOST_FRAME_OCTETS:
                    raise FramingError(f"command_length {length}")
                if len(held) - at < length:
                    return
                yield bytes(held[at : at + length])
                at += length
        finally:
            del held[:at]
