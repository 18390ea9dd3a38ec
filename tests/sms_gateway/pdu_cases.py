"""PDUs of each command as octets by the tables of SMPP 3.4, and as we read them."""

from __future__ import annotations

from typing import NamedTuple

from sms_gateway.smpp import pdu as p


class Case(NamedTuple):
    """A header's three numbers and a body in the order of its command's table in the standard."""

    name: str
    command: int
    body: str
    pdu: p.Pdu


CASES = [
    Case(
        "bind_transceiver, 4.1.5",
        0x09,
        "64656d6f00 73656372657400 616c00 34 00 00 00",
        p.BindTransceiver(1, system_id="demo", password="secret", system_type="al"),
    ),
    Case(
        "bind_transceiver with a password longer than the standard's 8",
        0x09,
        "6100 6c6f6e6765722d7468616e2d656967687400 00 34 00 00 00",
        p.BindTransceiver(1, system_id="a", password="longer-than-eight"),
    ),
    Case(
        "bind_receiver, 4.1.3, with an address range",
        0x01,
        "6100 6200 00 34 01 01 5e333100",
        p.BindReceiver(1, system_id="a", password="b", addr_ton=1, addr_npi=1, address_range="^31"),
    ),
    Case(
        "bind_transmitter, 4.1.1, version 3.3",
        0x02,
        "6100 6200 00 33 00 00 00",
        p.BindTransmitter(1, system_id="a", password="b", interface_version=0x33),
    ),
    Case(
        "bind_transceiver_resp, 4.1.6, with sc_interface_version",
        0x80000009,
        "534d534300 0210 0001 34",
        p.BindTransceiverResp(1, system_id="SMSC", tlvs=(p.Tlv(0x0210, b"\x34"),)),
    ),
    Case("bind_transceiver_resp without a body", 0x80000009, "", p.BindTransceiverResp(1)),
    Case("bind_receiver_resp, 4.1.4", 0x80000001, "5300", p.BindReceiverResp(1, system_id="S")),
    Case("bind_transmitter_resp, 4.1.2", 0x80000002, "5300", p.BindTransmitterResp(1, system_id="S")),
    Case("outbind, 4.1.7", 0x0B, "6100 6200", p.Outbind(1, system_id="a", password="b")),
    Case("unbind, 4.2.1", 0x06, "", p.Unbind(1)),
    Case("unbind_resp, 4.2.2", 0x80000006, "", p.UnbindResp(1)),
    Case("enquire_link, 4.11.1", 0x15, "", p.EnquireLink(1)),
    Case("enquire_link_resp, 4.11.2", 0x80000015, "", p.EnquireLinkResp(1)),
    Case("generic_nack, 4.3.1", 0x80000000, "", p.GenericNack(1)),
    Case(
        "submit_sm, 4.4.1, each field",
        0x04,
        "434d5400 03 00 3331313600 01 01 373931343132333435363700 40 7f 02 323600 3000"
        " 01 00 08 05 04 04110430 0204 0002 002a",
        p.SubmitSm(
            1,
            service_type="CMT",
            source_addr_ton=3,
            source_addr="3116",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="79141234567",
            esm_class=0x40,
            protocol_id=0x7F,
            priority_flag=2,
            schedule_delivery_time="26",
            validity_period="0",
            registered_delivery=1,
            data_coding=8,
            sm_default_msg_id=5,
            short_message="Ба".encode("utf-16-be"),
            tlvs=(p.Tlv(0x0204, b"\x00\x2a"),),
        ),
    ),
    Case("submit_sm_resp, 4.4.2", 0x80000004, "61626300", p.SubmitSmResp(1, message_id="abc")),
    Case("submit_sm_resp without a body", 0x80000004, "", p.SubmitSmResp(1)),
    Case(
        "deliver_sm, 4.6.1",
        0x05,
        "00 01 01 3739313400 03 00 3331313600 00 00 00 00 00 00 00 00 00 09 62616c616e6365203f",
        p.DeliverSm(
            1,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="7914",
            dest_addr_ton=3,
            destination_addr="3116",
            short_message=b"balance ?",
        ),
    ),
    Case(
        "deliver_sm with reserved numbers and unknown TLVs, twice the same tag",
        0x05,
        "00 ff fe 00 aa bb 00 ff ee dd 00 00 cc bb f7 99 00 1400 0001 01 3fff 0000 1400 0001 02",
        p.DeliverSm(
            1,
            source_addr_ton=0xFF,
            source_addr_npi=0xFE,
            dest_addr_ton=0xAA,
            dest_addr_npi=0xBB,
            esm_class=0xFF,
            protocol_id=0xEE,
            priority_flag=0xDD,
            registered_delivery=0xCC,
            replace_if_present_flag=0xBB,
            data_coding=0xF7,
            sm_default_msg_id=0x99,
            tlvs=(p.Tlv(0x1400, b"\x01"), p.Tlv(0x3FFF, b""), p.Tlv(0x1400, b"\x02")),
        ),
    ),
    Case("deliver_sm_resp, 4.6.2", 0x80000005, "00", p.DeliverSmResp(1)),
    Case(
        "data_sm, 4.7.1, its text in message_payload",
        0x103,
        "00 01 01 373900 03 00 3331313600 00 01 08 0424 0002 0434",
        p.DataSm(
            1,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="79",
            dest_addr_ton=3,
            destination_addr="3116",
            registered_delivery=1,
            data_coding=8,
            tlvs=(p.Tlv(0x0424, b"\x04\x34"),),
        ),
    ),
    Case("data_sm_resp, 4.7.2", 0x80000103, "3100", p.DataSmResp(1, message_id="1")),
    Case("query_sm, 4.8.1", 0x03, "3100 03 00 3331313600", p.QuerySm(1, 0, b"", "1", 3, 0, "3116")),
    Case("query_sm_resp, 4.8.2", 0x80000003, "3100 00 02 00", p.QuerySmResp(1, 0, b"", "1", "", 2, 0)),
    Case(
        "alert_notification, 4.12.1",
        0x102,
        "01 01 373900 03 00 3331313600 0422 0001 00",
        p.AlertNotification(1, 0, b"", 1, 1, "79", 3, 0, "3116", (p.Tlv(0x0422, b"\x00"),)),
    ),
    Case("a command of nobody", 0x99, "0102", p.UnknownPdu(1, command=0x99, body=b"\x01\x02")),
    Case("replace_sm, which we do not read", 0x07, "ff", p.UnknownPdu(1, command=7, body=b"\xff")),
]
