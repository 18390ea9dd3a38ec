"""ALIANCE_SMSC_URL → the binds that it names, each with what its SMSC expects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from core.messages.segments import Alphabet
from sms_gateway.smpp.link import ALPHABETS, DEFAULT_PORT, TLS_PORT, Joining, Mode, Smsc
from sms_gateway.smpp.pdu import Tlv

FORM = "an SMSC is written smpp://system_id:password@host:port, smpps:// with TLS"
MOST_OCTET, MOST_TAG = 0xFF, 0xFFFF
MOST_WINDOW, MOST_PER_SECOND, MOST_VALIDITY_DAYS = 1000, 10_000, 30
MOST_VERSION = 0x50  # the newest there is; what we say is 3.4
MOST_ENQUIRE_LINK_SECONDS = 3600
MOST_RESPONSE_SECONDS = 15  # less than the lease of a notice: what came of it is to be written by then

Read = Callable[[str], Any]


def smscs_of(
    urls: str, *, window: int = 10, per_second: int = 50, alphabet: Alphabet = "gsm", ca: str = ""
) -> list[Smsc]:
    """The binds of one or several addresses, by spaces or commas; what an address does not say is given here.

    ValueError, without any password, where one is none.
    """
    alphabets = MappingProxyType({**ALPHABETS, 0: alphabet})
    given = Smsc(
        "", 0, "", "", window=window, per_second=per_second, alphabets=alphabets, ca=ca
    )  # fmt: skip
    found = [_smsc_of(url, given) for url in re.split(r"[\s,]+", urls.strip()) if url]
    if not found:
        raise ValueError(FORM)
    _check_direct(found)
    return _numbered(found)


def _check_direct(smscs: Sequence[Smsc]) -> None:
    """The parts of one text may come by several binds of an SMSC: one `direct` goes for all that take any."""
    direct: dict[str, bool] = {}
    for each in smscs:
        if each.mode == Mode.TRANSMITTER:
            continue
        if direct.setdefault(each.name, each.direct) != each.direct:
            raise ValueError(
                f"the SMSC {each.name}: one of its addresses says direct=no, and another does not"
            )


def _smsc_of(url: str, given: Smsc) -> Smsc:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(FORM) from None
    if parts.scheme not in ("smpp", "smpps") or not parts.hostname or not parts.username:
        raise ValueError(FORM)
    try:
        parts.hostname.encode("idna")
        system_id, password = _octets(unquote(parts.username)), _octets(unquote(parts.password or ""))
    except UnicodeError:
        raise ValueError(f"no host has the name {parts.hostname!r}") from None
    except ValueError as error:
        raise ValueError(f"the SMSC at {parts.hostname}, who we are there: {error}") from None
    tls, options = parts.scheme == "smpps", _options(parts, given)
    return replace(
        given,
        host=parts.hostname,
        port=port or (TLS_PORT if tls else DEFAULT_PORT),
        system_id=system_id,
        password=password,
        tls=tls,
        says_direct="direct" in options,
        **options,
    )


def _options(parts: SplitResult, given: Smsc) -> dict[str, Any]:
    said: dict[str, Any] = {}
    alphabets = dict(given.alphabets)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        try:
            if name in _ALPHABETS:
                alphabets[_ALPHABETS[name]] = _one_of(*get_args(Alphabet))(value)
            else:
                field, read = _OPTIONS[name]
                said[field] = read(value)
        except KeyError:
            raise ValueError(f"the SMSC at {parts.hostname} has no option {name!r}") from None
        except ValueError as error:
            raise ValueError(f"the SMSC at {parts.hostname}, {name}: {error}") from None
    return said | {"alphabets": MappingProxyType(alphabets)}


def _numbered(smscs: Sequence[Smsc]) -> list[Smsc]:
    seen: Counter[str] = Counter()
    numbered = []
    for each in smscs:
        seen[each.name] += 1
        numbered.append(replace(each, number=seen[each.name]))
    return numbered


def _text(value: str) -> str:
    return value


def _octets(value: str) -> str:
    """What goes out as a C-octet string; a bind that cannot be said would end the process."""
    if not all(0 < ord(letter) <= MOST_OCTET for letter in value):
        raise ValueError("letters that SMPP has no room for")
    return value


def _one_of(*words: str) -> Read:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return value

    return read


def _yes_no(value: str) -> bool:
    return bool(_one_of("yes", "no")(value) == "yes")


def _number(least: int, most: int) -> Read:
    def read(value: str) -> int:
        number = int(value, 0)  # tags and statuses are known in hex
        if not least <= number <= most:
            raise ValueError(f"{value} is not within {least} and {most}")
        return number

    return read


def _statuses(value: str) -> frozenset[int]:
    return frozenset(int(each, 0) for each in value.split(";"))


def _tlvs(value: str) -> tuple[Tlv, ...]:
    pairs = [each.partition(":") for each in value.split(";")]
    return tuple(Tlv(_tag(tag), bytes.fromhex(octets)) for tag, _, octets in pairs)


_octet, _tag = _number(0, MOST_OCTET), _number(0, MOST_TAG)
_ALPHABETS = {"alphabet_0": 0, "alphabet_1": 1, "alphabet_3": 3}
_OPTIONS: dict[str, tuple[str, Read]] = {
    "name": ("called", _text),
    "direct": ("direct", _yes_no),
    "operator": ("operator", _text),
    "operator_tlv": ("operator_tlv", _tag),
    "id_tlv": ("id_tlv", _tag),
    "interface_version": ("interface_version", _number(0, MOST_VERSION)),
    "enquire_link": ("enquire_link_seconds", _number(1, MOST_ENQUIRE_LINK_SECONDS)),
    "response": ("response_seconds", _number(1, MOST_RESPONSE_SECONDS)),
    "mode": ("mode", lambda value: Mode(_one_of(*Mode)(value))),
    "ca": ("ca", _text),
    "verify": ("verify", _yes_no),
    "window": ("window", _number(1, MOST_WINDOW)),
    "per_second": ("per_second", _number(1, MOST_PER_SECOND)),
    "system_type": ("system_type", _octets),
    "address_range": ("address_range", _octets),
    "address_ton": ("address_ton", _octet),
    "address_npi": ("address_npi", _octet),
    "service_type": ("service_type", _octets),
    "source": ("source", _octets),
    "source_ton": ("source_ton", _octet),
    "source_npi": ("source_npi", _octet),
    "dest_ton": ("dest_ton", _octet),
    "dest_npi": ("dest_npi", _octet),
    "registered_delivery": ("registered_delivery", _octet),
    "receipts": ("receipts_each", lambda value: bool(_one_of("each", "last")(value) == "each")),
    "validity": ("validity_seconds", _number(0, MOST_VALIDITY_DAYS * 24 * 3600)),
    "joining": ("joining", lambda value: Joining(_one_of(*Joining)(value))),
    "query": ("offers_query", _yes_no),
    "tlvs": ("tlvs", _tlvs),
    "throttled": ("throttled", _statuses),
    "again": ("again", _statuses),
}
