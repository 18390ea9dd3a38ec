"""A session and the far end of its link: a text to send, a bind on both sides, a sign that the link works."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sms_gateway.outcomes import Submitted
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import Session
from tests.sms_gateway.raw_smsc import (
    SUBMIT_SM,
    Peer,
    RawSmsc,
)

TEXT = SubmitSm(source_addr="3116", destination_addr="79141234567", short_message=b"hello")


def text() -> SubmitSm:
    return replace(TEXT)


async def works(session: Session, peer: Peer) -> bool:
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(session.submit(text()))
        peer.answer(await peer.expect(SUBMIT_SM), b"ok\0")
    return sending.result() == Submitted("ok")


async def bound(smsc: RawSmsc, session: Session) -> Peer:
    peer = await smsc.bound()
    await session.bound()
    return peer
