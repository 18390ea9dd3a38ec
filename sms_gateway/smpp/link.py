"""Where an SMSC is, who we are there, what it expects of us, and how patient we are with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from core.messages.segments import Alphabet
from sms_gateway.smpp import pdu as p

DEFAULT_PORT = 2775
TLS_PORT = 3550

# 5.2.5 and 5.2.6: the short code is the network's own number, phones are international ISDN numbers.
TON_INTERNATIONAL, TON_NETWORK, NPI_ISDN, NPI_UNKNOWN = 1, 3, 1, 0
RECEIPT_WANTED = 1

# What data_coding 0, 1 and 3 are where the SMSC does not say otherwise (5.2.19).
ALPHABETS: Mapping[int, Alphabet] = MappingProxyType({0: "gsm", 1: "ascii", 3: "latin1"})


class Mode(StrEnum):
    TRANSCEIVER = "transceiver"
    PAIR = "pair"  # a transmitter and a receiver, each on a connection of its own
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"

    @property
    def binds(self) -> tuple[type[p.Bind], ...]:
        """What each of its connections begins with."""
        return _BINDS[self]


_BINDS: dict[Mode, tuple[type[p.Bind], ...]] = {
    Mode.TRANSCEIVER: (p.BindTransceiver,),
    Mode.PAIR: (p.BindTransmitter, p.BindReceiver),
    Mode.TRANSMITTER: (p.BindTransmitter,),
    Mode.RECEIVER: (p.BindReceiver,),
}


class Joining(StrEnum):
    """How the parts of a long text are told to belong together."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"  # by TLVs: the SMSC writes the header
    PAYLOAD = "payload"  # whole in message_payload: the SMSC cuts it


@dataclass(frozen=True, slots=True)
class Smsc:
    """One bind. Those that share a `name` are one SMSC: message ids, parts and repeats are known by it."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    called: str = ""
    number: int = 1  # among the binds of the name
    direct: bool = True  # the operator's own, who vouches for its senders; else an aggregator's
    says_direct: bool = False  # its address says which; else it is taken for the operator's own
    operator: str = ""  # whose phones it serves, by the profile's code; empty: anybody's
    operator_tlv: int | None = None  # the tag of a TLV that names a sender's operator
    id_tlv: int | None = None  # of one that holds the SMSC's own id of an incoming message
    mode: Mode = Mode.TRANSCEIVER
    interface_version: int = 0x34  # of SMPP, as our bind says it
    enquire_link_seconds: float | None = None  # where its operator wants another patience than ours
    response_seconds: float | None = None
    tls: bool = False
    ca: str = ""  # a file of certificates beside the system's
    verify: bool = True
    window: int = 10
    per_second: int = 50
    address_range: str = ""  # of the numbers whose messages are for us
    address_ton: int = 0
    address_npi: int = 0
    service_type: str = ""
    source: str = ""  # what we are called there, where it is not the short code
    source_ton: int = TON_NETWORK
    source_npi: int = NPI_UNKNOWN
    dest_ton: int = TON_INTERNATIONAL
    dest_npi: int = NPI_ISDN
    registered_delivery: int = RECEIPT_WANTED
    receipts_each: bool = True  # of every part; else of the last one alone
    validity_seconds: int = 0  # 0: as the SMSC keeps messages
    joining: Joining = Joining.UDH8
    alphabets: Mapping[int, Alphabet] = field(default_factory=lambda: ALPHABETS)
    offers_query: bool = False  # query_sm
    tlvs: tuple[p.Tlv, ...] = ()  # of the vendor's own, with every submit_sm
    throttled: frozenset[int] = frozenset()  # statuses of its own that ask for less
    again: frozenset[int] = frozenset()  # and those that mean: later

    @property
    def name(self) -> str:
        return (self.called or f"{self.system_id}@{self.host}:{self.port}")[:64]

    @property
    def label(self) -> str:
        """This bind, in logs and beside what went out by it."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Monotonic seconds."""

    connect_seconds: float = 10
    response_seconds: float = 10
    enquire_link_seconds: float = 30  # of silence, after which we ask whether the SMSC is there
    answer_seconds: float = 8  # for our own deliver_sm_resp: SMSCs commonly give up after 10
    drain_seconds: float = 5
    reconnect_first_seconds: float = 1
    reconnect_most_seconds: float = 60
    refused_first_seconds: float = 30  # a wrong password does not mend itself, and tries may lock us out
    refused_most_seconds: float = 600
    throttled_first_seconds: float = 1
    throttled_most_seconds: float = 8
    throttled_hold_seconds: float = 8  # then its message goes back to the outbox: a lease is 20 s

    def with_that_of(self, smsc: Smsc) -> Patience:
        """The same, but for what its operator wants otherwise."""
        return replace(
            self,
            enquire_link_seconds=smsc.enquire_link_seconds or self.enquire_link_seconds,
            response_seconds=smsc.response_seconds or self.response_seconds,
        )
