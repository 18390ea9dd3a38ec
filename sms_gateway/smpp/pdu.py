"""What an SMSC and we say to each other: SMPP 3.4 PDUs as values whose numbers stay plain integers.

A number that the standard reserves (TON, NPI, data_coding, esm_class, command, status, TLV tag) is kept
as it came. Addresses, ids and passwords are C-octet strings of ISO 8859-1, so each byte but NUL survives.
`raw` is the frame as it was received and takes no part in comparison. `cut` of a message is the tag of the
TLV that its frame ends within, 0 where it ends within anything else; what came before is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

RESPONSE = 0x80000000

BIND_RECEIVER = 0x01
BIND_TRANSMITTER = 0x02
QUERY_SM = 0x03
SUBMIT_SM = 0x04
DELIVER_SM = 0x05
UNBIND = 0x06
BIND_TRANSCEIVER = 0x09
OUTBIND = 0x0B
ENQUIRE_LINK = 0x15
ALERT_NOTIFICATION = 0x102
DATA_SM = 0x103
GENERIC_NACK = 0x80000000

TAG_RECEIPTED_MESSAGE_ID = 0x001E
TAG_USER_MESSAGE_REFERENCE = 0x0204
TAG_SAR_REFERENCE = 0x020C
TAG_SAR_TOTAL = 0x020E
TAG_SAR_NUMBER = 0x020F
TAG_NETWORK_ERROR = 0x0423
TAG_MESSAGE_PAYLOAD = 0x0424
TAG_MESSAGE_STATE = 0x0427

ESM_CLASS_TYPE = 0x3C  # the message type bits: receipts, acknowledgements, notifications
ESM_CLASS_RECEIPT = 0x04
ESM_CLASS_INTERMEDIATE = 0x20
ESM_CLASS_UDH = 0x40


class Tlv(NamedTuple):
    tag: int
    value: bytes


@dataclass(slots=True)
class Pdu:
    sequence: int = 0
    status: int = 0
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(slots=True)
class Bind(Pdu):
    system_id: str = ""
    password: str = field(default="", repr=False)
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindReceiver(Bind):
    __slots__ = ()


class BindTransmitter(Bind):
    __slots__ = ()


class BindTransceiver(Bind):
    __slots__ = ()


@dataclass(slots=True)
class BindResp(Pdu):
    system_id: str = ""
    tlvs: tuple[Tlv, ...] = ()


class BindReceiverResp(BindResp):
    __slots__ = ()


class BindTransmitterResp(BindResp):
    __slots__ = ()


class BindTransceiverResp(BindResp):
    __slots__ = ()


@dataclass(slots=True)
class ShortMessage(Pdu):
    """The one layout that submit_sm (4.4.1) and deliver_sm (4.6.1) share; short_message is 0–254 octets."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = field(default=b"", repr=False)
    tlvs: tuple[Tlv, ...] = field(default=(), repr=False)
    cut: int | None = field(default=None, compare=False)

    def tlv(self, tag: int) -> bytes | None:
        return first(self.tlvs, tag)

    @property
    def message(self) -> bytes:
        """The octets of the message, from message_payload where short_message is empty (5.3.2.32)."""
        return self.short_message or self.tlv(TAG_MESSAGE_PAYLOAD) or b""


class SubmitSm(ShortMessage):
    __slots__ = ()


class DeliverSm(ShortMessage):
    __slots__ = ()


@dataclass(slots=True)
class MessageResp(Pdu):
    message_id: str = ""
    tlvs: tuple[Tlv, ...] = ()


class SubmitSmResp(MessageResp):
    __slots__ = ()


class DeliverSmResp(MessageResp):
    __slots__ = ()


class DataSmResp(MessageResp):
    __slots__ = ()


@dataclass(slots=True)
class DataSm(Pdu):
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    tlvs: tuple[Tlv, ...] = field(default=(), repr=False)
    cut: int | None = field(default=None, compare=False)

    def tlv(self, tag: int) -> bytes | None:
        return first(self.tlvs, tag)

    @property
    def message(self) -> bytes:
        return self.tlv(TAG_MESSAGE_PAYLOAD) or b""


@dataclass(slots=True)
class QuerySm(Pdu):
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


@dataclass(slots=True)
class QuerySmResp(Pdu):
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


@dataclass(slots=True)
class Outbind(Pdu):
    system_id: str = ""
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class AlertNotification(Pdu):
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""
    tlvs: tuple[Tlv, ...] = ()


class Unbind(Pdu):
    __slots__ = ()


class UnbindResp(Pdu):
    __slots__ = ()


class EnquireLink(Pdu):
    __slots__ = ()


class EnquireLinkResp(Pdu):
    __slots__ = ()


class GenericNack(Pdu):
    __slots__ = ()


@dataclass(slots=True)
class UnknownPdu(Pdu):
    """A command that this codec does not read: its number and its body, untouched."""

    command: int = 0
    body: bytes = field(default=b"", repr=False)


def first(tlvs: tuple[Tlv, ...], tag: int) -> bytes | None:
    for each in tlvs:
        if each.tag == tag:
            return each.value
    return None
