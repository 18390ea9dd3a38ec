"""PDUs packed by hand from the tables of SMPP 3.4, for tests: nothing of the product's codec is used."""

from __future__ import annotations

import struct


def frame(command: int, body: bytes = b"", *, status: int = 0, sequence: int = 1) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def deliver_sm(
    text: bytes = b"",
    *,
    sequence: int = 1,
    source: bytes = b"79141234567",
    destination: bytes = b"3116",
    ton: int = 1,
    esm_class: int = 0,
    data_coding: int = 0,
    tlvs: bytes = b"",
) -> bytes:
    """4.6.1, in the order of its table."""
    body = (
        b"\0"  # service_type
        + bytes((ton, 1)) + source + b"\0"
        + b"\x03\x00" + destination + b"\0"
        + bytes((esm_class, 0, 0))  # esm_class, protocol_id, priority_flag
        + b"\0\0"  # schedule_delivery_time, validity_period
        # registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length
        + bytes((0, 0, data_coding, 0, len(text)))
        + text
    )  # fmt: skip
    return frame(5, body + tlvs, sequence=sequence)


def data_sm(tlvs: bytes, *, sequence: int = 1, source: bytes = b"79141234567", data_coding: int = 0) -> bytes:
    """4.7.1: its text is in message_payload."""
    body = b"\0\1\1" + source + b"\0\3\0" + b"3116\0" + bytes((0, 0, data_coding))
    return frame(0x103, body + tlvs, sequence=sequence)


def header(of: bytes) -> tuple[int, int, int, int]:
    """command_length, command_id, command_status, sequence_number."""
    length, command, status, sequence = struct.unpack_from(">IIII", of)
    return length, command, status, sequence
