"""Between the octets of one SMPP 3.4 frame and a PDU value; the first and the last step of an SMS's way."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from sms_gateway.smpp import pdu as p
from sms_gateway.smpp import status as s
from sms_gateway.smpp.pdu import RESPONSE, Pdu, ShortMessage, Tlv

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
HEADER_OCTETS = 16
MOST_SHORT_MESSAGE_OCTETS = 254  # sm_length 255 is reserved (5.2.21); longer texts go in message_payload


class BodyError(Exception):
    """A body that cannot be read inside a frame that can: `answer` is the status to refuse it with."""

    def __init__(self, frame: bytes, *, why: str, answer: int = s.INVALID_COMMAND_LENGTH) -> None:
        _, self.command, self.status, self.sequence = _HEADER.unpack_from(frame)
        super().__init__(f"command {self.command:#x}: {why}")
        self.answer = answer
        self.raw = frame


class EncodeError(ValueError):
    """A value that SMPP has no room for."""


class Layout(NamedTuple):
    """The fields in wire order: `.name` a C-octet string, `+name` TLVs to the end, a bare name one octet.

    `*name` are TLVs to the end too, of which those that are whole are kept, and what was `cut` is told.
    """

    type: type[Pdu]
    fields: tuple[str, ...] = ()


_BIND = (
    ".system_id", ".password", ".system_type", "interface_version", "addr_ton", "addr_npi", ".address_range",
)  # fmt: skip
_ADDRESSES = (
    "source_addr_ton", "source_addr_npi", ".source_addr",
    "dest_addr_ton", "dest_addr_npi", ".destination_addr",
)  # fmt: skip
# What deliver_sm and data_sm begin with: whose message it is, and of what type.
_WHOSE = (".service_type", *_ADDRESSES, "esm_class")
_ESME = ("esme_addr_ton", "esme_addr_npi", ".esme_addr")

_LAYOUTS: dict[int, Layout] = {
    p.BIND_RECEIVER: Layout(p.BindReceiver, _BIND),
    p.BIND_TRANSMITTER: Layout(p.BindTransmitter, _BIND),
    p.BIND_TRANSCEIVER: Layout(p.BindTransceiver, _BIND),
    p.BIND_RECEIVER | RESPONSE: Layout(p.BindReceiverResp, (".system_id", "+tlvs")),
    p.BIND_TRANSMITTER | RESPONSE: Layout(p.BindTransmitterResp, (".system_id", "+tlvs")),
    p.BIND_TRANSCEIVER | RESPONSE: Layout(p.BindTransceiverResp, (".system_id", "+tlvs")),
    p.SUBMIT_SM | RESPONSE: Layout(p.SubmitSmResp, (".message_id", "+tlvs")),
    p.DELIVER_SM | RESPONSE: Layout(p.DeliverSmResp, (".message_id", "+tlvs")),
    p.DATA_SM: Layout(p.DataSm, (*_WHOSE, "registered_delivery", "data_coding", "*tlvs")),
    p.DATA_SM | RESPONSE: Layout(p.DataSmResp, (".message_id", "+tlvs")),
    p.QUERY_SM: Layout(p.QuerySm, (".message_id", "source_addr_ton", "source_addr_npi", ".source_addr")),
    p.QUERY_SM | RESPONSE: Layout(
        p.QuerySmResp, (".message_id", ".final_date", "message_state", "error_code")
    ),
    p.OUTBIND: Layout(p.Outbind, (".system_id", ".password")),
    p.ALERT_NOTIFICATION: Layout(
        p.AlertNotification, ("source_addr_ton", "source_addr_npi", ".source_addr", *_ESME, "+tlvs")
    ),
    p.UNBIND: Layout(p.Unbind),
    p.UNBIND | RESPONSE: Layout(p.UnbindResp),
    p.ENQUIRE_LINK: Layout(p.EnquireLink),
    p.ENQUIRE_LINK | RESPONSE: Layout(p.EnquireLinkResp),
    p.GENERIC_NACK: Layout(p.GenericNack),
}

_SHORT_MESSAGES: dict[int, type[ShortMessage]] = {p.SUBMIT_SM: p.SubmitSm, p.DELIVER_SM: p.DeliverSm}

_INCOMING: dict[int, type[p.DeliverSm | p.DataSm]] = {p.DELIVER_SM: p.DeliverSm, p.DATA_SM: p.DataSm}

_COMMANDS: dict[type[Pdu], int] = {layout.type: command for command, layout in _LAYOUTS.items()} | {
    type_: command for command, type_ in _SHORT_MESSAGES.items()
}


def command_of(pdu: Pdu) -> int:
    return pdu.command if isinstance(pdu, p.UnknownPdu) else _COMMANDS[type(pdu)]


def decode(frame: bytes) -> Pdu:
    """One whole frame, as the framer cuts it, to its PDU; BodyError where the body is not what it says.

    Of an incoming message whose sender can be read, all that can be: somebody wrote it, and waits.
    """
    try:
        return _decode(frame)
    except BodyError as broken:
        message = _whose(frame, broken)
        if message is None:
            raise
        return message


def _decode(frame: bytes) -> Pdu:
    _, command, status, sequence = _HEADER.unpack_from(frame)
    kind = _SHORT_MESSAGES.get(command)
    if kind is not None:
        try:
            return _read_short_message(kind, frame, status, sequence)
        except (IndexError, ValueError) as error:
            raise BodyError(frame, why="a field is cut off") from error
    layout = _LAYOUTS.get(command)
    if layout is None:
        return p.UnknownPdu(sequence, status, frame, command, frame[HEADER_OCTETS:])
    # The body of a response is often left out, above all beside an error.
    if command & RESPONSE and len(frame) == HEADER_OCTETS:
        return layout.type(sequence, status, frame)
    try:
        return _read(layout, frame, status, sequence)
    except (IndexError, ValueError) as error:
        raise BodyError(frame, why="a field is cut off") from error


def _whose(frame: bytes, broken: BodyError) -> p.DeliverSm | p.DataSm | None:
    kind = _INCOMING.get(broken.command)
    if kind is None:
        return None
    said: dict[str, Any] = {}
    at = HEADER_OCTETS
    with suppress(IndexError, ValueError):
        for name in _WHOSE:
            said[name.lstrip(".")], at = _read_field(name, frame, at)
    return kind(broken.sequence, broken.status, frame, cut=0, **said) if said.get("source_addr") else None


def _read_short_message(kind: type[ShortMessage], frame: bytes, status: int, sequence: int) -> ShortMessage:
    """Unrolled rather than read by layout: every incoming SMS passes here."""
    index = frame.index
    service = index(0, 16)
    source = index(0, service + 3)
    destination = index(0, source + 3)
    schedule = index(0, destination + 4)
    validity = index(0, schedule + 1)
    start = validity + 6
    end = start + frame[start - 1]
    if end > len(frame):
        raise BodyError(frame, why="short_message is cut off", answer=s.INVALID_MESSAGE_LENGTH)
    tlvs, cut = _whole_tlvs(frame, end) if end < len(frame) else ((), None)
    return kind(
        sequence,
        status,
        frame,
        frame[16:service].decode("latin-1"),
        frame[service + 1],
        frame[service + 2],
        frame[service + 3 : source].decode("latin-1"),
        frame[source + 1],
        frame[source + 2],
        frame[source + 3 : destination].decode("latin-1"),
        frame[destination + 1],
        frame[destination + 2],
        frame[destination + 3],
        frame[destination + 4 : schedule].decode("latin-1"),
        frame[schedule + 1 : validity].decode("latin-1"),
        frame[validity + 1],
        frame[validity + 2],
        frame[validity + 3],
        frame[validity + 4],
        frame[start:end],
        tlvs,
        cut,
    )


def _read(layout: Layout, frame: bytes, status: int, sequence: int) -> Pdu:
    values: list[object] = [sequence, status, frame]
    at = HEADER_OCTETS
    for name in layout.fields:
        if name[0] == "*":
            values.extend(_whole_tlvs(frame, at))
        elif name[0] == "+":
            tlvs, cut = _whole_tlvs(frame, at)
            if cut is not None:
                raise BodyError(frame, why=f"TLV {cut:#x} is cut off", answer=s.INVALID_OPTIONAL_PARAMETERS)
            values.append(tlvs)
        else:
            value, at = _read_field(name, frame, at)
            values.append(value)
    make: Callable[..., Pdu] = layout.type
    return make(*values)


def _read_field(name: str, frame: bytes, at: int) -> tuple[str | int, int]:
    """What begins there, and where the next begins; IndexError or ValueError past the end."""
    if name[0] == ".":
        end = frame.index(0, at)
        return frame[at:end].decode("latin-1"), end + 1
    return frame[at], at + 1


def _whole_tlvs(frame: bytes, at: int) -> tuple[tuple[Tlv, ...], int | None]:
    """The TLVs to the end, and the tag of the one that goes beyond it; 0 where not even that is whole.

    SMSCs fill up a body with NULs, or end its text with one that they do not count: these are nothing.
    """
    found: list[Tlv] = []
    end = len(frame)
    while at < end:
        if not frame[at] and not frame[at:].strip(b"\0"):
            break
        if end - at < _TLV.size:
            return tuple(found), 0
        tag, length = _TLV.unpack_from(frame, at)
        at += _TLV.size + length
        if at > end:
            return tuple(found), tag
        found.append(Tlv(tag, frame[at - length : at]))
    return tuple(found), None


def encode(pdu: Pdu) -> bytes:
    """The frame of a PDU; EncodeError where a field holds what its octets cannot."""
    try:
        body = _body(pdu)
        return _HEADER.pack(HEADER_OCTETS + len(body), command_of(pdu), pdu.status, pdu.sequence) + body
    except (struct.error, ValueError) as error:
        raise EncodeError(f"{type(pdu).__name__}: {error}") from error


def _body(pdu: Pdu) -> bytes:
    if isinstance(pdu, ShortMessage):
        return _write_short_message(pdu)
    if isinstance(pdu, p.UnknownPdu):
        return pdu.body
    parts = []
    for name in _LAYOUTS[_COMMANDS[type(pdu)]].fields:
        if name[0] == ".":
            parts.append(_c_octets(getattr(pdu, name[1:])))
        elif name[0] in "+*":
            parts.append(_write_tlvs(getattr(pdu, name[1:])))
        else:
            parts.append(bytes((getattr(pdu, name),)))
    return b"".join(parts)


def _write_short_message(pdu: ShortMessage) -> bytes:
    if len(pdu.short_message) > MOST_SHORT_MESSAGE_OCTETS:
        raise EncodeError(f"short_message of {len(pdu.short_message)} octets")
    return b"".join(
        (
            _c_octets(pdu.service_type),
            bytes((pdu.source_addr_ton, pdu.source_addr_npi)),
            _c_octets(pdu.source_addr),
            bytes((pdu.dest_addr_ton, pdu.dest_addr_npi)),
            _c_octets(pdu.destination_addr),
            bytes((pdu.esm_class, pdu.protocol_id, pdu.priority_flag)),
            _c_octets(pdu.schedule_delivery_time),
            _c_octets(pdu.validity_period),
            bytes(
                (
                    pdu.registered_delivery,
                    pdu.replace_if_present_flag,
                    pdu.data_coding,
                    pdu.sm_default_msg_id,
                    len(pdu.short_message),
                )
            ),
            pdu.short_message,
            _write_tlvs(pdu.tlvs) if pdu.tlvs else b"",
        )
    )


def _write_tlvs(tlvs: tuple[Tlv, ...]) -> bytes:
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in tlvs)


def _c_octets(text: str) -> bytes:
    octets = text.encode("latin-1")
    if 0 in octets:
        raise EncodeError("NUL inside a C-octet string")
    return octets + b"\0"
