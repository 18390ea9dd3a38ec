"""ALIANCE_SMSC_URL: one bind or several, what each says of its SMSC, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sms_gateway.smpp.address import smscs_of
from sms_gateway.smpp.link import Joining, Mode, Smsc
from sms_gateway.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Tlv


def only(url: str) -> Smsc:
    (smsc,) = smscs_of(url)
    return smsc


@pytest.mark.parametrize(
    "url, host, port, system_id, password, tls",
    [
        ("smpp://demo:secret@127.0.0.1:2776", "127.0.0.1", 2776, "demo", "secret", False),
        ("smpp://demo:a%40b%3A%2C@smsc.example", "smsc.example", 2775, "demo", "a@b:,", False),
        ("smpps://demo:longer-than-8-letters@h", "h", 3550, "demo", "longer-than-8-letters", True),
        ("smpp://demo@[::1]:1", "::1", 1, "demo", "", False),
    ],
)
def test_an_address_is_read(url: str, host: str, port: int, system_id: str, password: str, tls: bool) -> None:
    smsc = only(url)
    assert (smsc.host, smsc.port, smsc.system_id, smsc.password, smsc.tls) == (
        host, port, system_id, password, tls,
    )  # fmt: skip
    assert smsc.name == f"demo@{host}:{port}"


SAID: list[tuple[str, str, Any]] = [
    ("name=mts", "called", "mts"),
    ("operator=mts", "operator", "mts"),
    ("direct=no", "direct", False),
    ("operator_tlv=0x1403", "operator_tlv", 0x1403),
    ("id_tlv=5123", "id_tlv", 5123),
    ("mode=pair", "mode", Mode.PAIR),
    ("interface_version=0x33", "interface_version", 0x33),
    ("enquire_link=55", "enquire_link_seconds", 55),
    ("response=15", "response_seconds", 15),
    ("ca=/etc/ca.pem", "ca", "/etc/ca.pem"),
    ("verify=no", "verify", False),
    ("window=50", "window", 50),
    ("per_second=200", "per_second", 200),
    ("system_type=WWW", "system_type", "WWW"),
    ("address_range=%5E3116%24", "address_range", "^3116$"),
    ("address_ton=3", "address_ton", 3),
    ("address_npi=1", "address_npi", 1),
    ("service_type=CMT", "service_type", "CMT"),
    ("source=Aliance", "source", "Aliance"),
    ("source_ton=5", "source_ton", 5),
    ("source_npi=0", "source_npi", 0),
    ("dest_ton=2", "dest_ton", 2),
    ("dest_npi=8", "dest_npi", 8),
    ("registered_delivery=0x11", "registered_delivery", 17),
    ("receipts=last", "receipts_each", False),
    ("validity=86400", "validity_seconds", 86400),
    ("joining=udh16", "joining", Joining.UDH16),
    ("query=yes", "offers_query", True),
    ("tlvs=0x1400:3131;0x1401:", "tlvs", (Tlv(0x1400, b"11"), Tlv(0x1401, b""))),
    ("throttled=0x400;1025", "throttled", frozenset({0x400, 0x401})),
    ("again=0x45", "again", frozenset({0x45})),
    ("alphabet_0=latin1&alphabet_1=gsm&alphabet_3=ascii", "alphabets", {0: "latin1", 1: "gsm", 3: "ascii"}),
]


@pytest.mark.parametrize("option, field, value", SAID, ids=[case[0] for case in SAID])
def test_an_address_says_what_its_smsc_expects(option: str, field: str, value: object) -> None:
    assert getattr(only(f"smpp://a:b@h?{option}"), field) == value


def test_what_an_address_does_not_say_is_as_the_settings_have_it() -> None:
    (first, second) = smscs_of(
        "smpp://a:b@h?window=7 smpps://c:d@i", window=3, per_second=9, alphabet="latin1", ca="/ca.pem"
    )
    assert (first.window, first.per_second, first.alphabets[0]) == (7, 9, "latin1")
    assert (second.window, second.ca, second.alphabets[3]) == (3, "/ca.pem", "latin1")


@pytest.mark.parametrize("between", [",", " ", ", ", "\n", " ,\n "])
def test_several_addresses_are_several_binds_of_as_many_smscs_as_they_name(between: str) -> None:
    urls = ["smpp://a:b@h:1", "smpp://a:b@h:1", "smpp://a:b@h:2?name=mts", "smpp://a:b@i:2?name=mts"]
    binds = smscs_of(between.join(urls))
    assert [each.name for each in binds] == ["a@h:1", "a@h:1", "mts", "mts"]
    assert [each.label for each in binds] == ["a@h:1", "a@h:1#2", "mts", "mts#2"]


@pytest.mark.parametrize(
    "mode, binds",
    [
        ("transceiver", (BindTransceiver,)),
        ("pair", (BindTransmitter, BindReceiver)),
        ("transmitter", (BindTransmitter,)),
        ("receiver", (BindReceiver,)),
    ],
)
def test_a_mode_says_what_its_connections_begin_with(mode: str, binds: tuple[type, ...]) -> None:
    assert only(f"smpp://a:b@h?mode={mode}").mode.binds == binds


@pytest.mark.parametrize(
    "url", ["", "http://a:hidden@h", "smpp://h:1", "smpp://a:hidden@", "smpp://a:hidden@h:port", "3116"]
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="smpp://system_id") as caught:
        smscs_of(url)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["smpp://a:скрыто@h", "smpp://a:hid%00den@h", "smpp://имя:hidden@h", "smpp://a:hidden@h..i"],
)
def test_what_a_bind_has_no_room_for_is_refused_before_it_ends_the_process(url: str) -> None:
    with pytest.raises(ValueError, match=r"letters that SMPP has no room for|host") as caught:
        smscs_of(url)
    for secret in ("hid", "скрыто"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "option, told",
    [
        ("source=Альянс", "source: letters that SMPP has no room for"),
        ("system_type=%00", "system_type: letters that SMPP has no room for"),
        ("windw=5", "no option 'windw'"),
        ("window=0", "window: 0 is not within 1 and 1000"),
        ("window=many", "window: "),
        ("mode=both", "mode: 'both' is none of transceiver, pair, transmitter, receiver"),
        ("query=1", "query: '1' is none of yes, no"),
        ("alphabet_0=utf8", "alphabet_0: 'utf8' is none of"),
        ("source_ton=256", "source_ton: 256"),
        ("throttled=a", "throttled: "),
        ("tlvs=0x1400:x", "tlvs: "),
        ("tlvs=0x10000:00", "tlvs: 0x10000"),
        ("validity=9999999", "validity: 9999999"),
        ("interface_version=3.4", "interface_version: "),
        ("interface_version=0x51", "interface_version: 0x51 is not within 0 and 80"),
        ("enquire_link=0", "enquire_link: 0 is not within 1 and 3600"),
        ("enquire_link=3601", "enquire_link: 3601 is not within 1 and 3600"),
        ("response=16", "response: 16 is not within 1 and 15"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_its_name(option: str, told: str) -> None:
    with pytest.raises(ValueError, match="SMSC at h") as caught:
        smscs_of(f"smpp://a:hidden@h?{option}")
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("said", ["", "&direct=yes"])
def test_an_address_that_takes_no_message_may_say_nothing_of_who_vouches(said: str) -> None:
    receiver = "smpp://us@h?name=hub&mode=receiver&direct=no"
    transmitter = f"smpp://us@h?name=hub&mode=transmitter{said}"
    for both in (f"{receiver} {transmitter}", f"{transmitter} {receiver}"):
        assert [each.direct for each in smscs_of(both) if each.mode == "receiver"] == [False]


def test_the_addresses_of_one_name_say_the_same_of_who_vouches() -> None:
    with pytest.raises(ValueError, match="the SMSC mts: one of its addresses says direct=no") as refused:
        smscs_of("smpp://us:hidden@h:1?name=mts smpp://us:hidden@h:2?name=mts&direct=no")
    assert "hidden" not in str(refused.value)
    assert len(smscs_of("smpp://us@h:1?name=mts&direct=no smpp://us@h:2?name=mts&direct=no")) == 2
