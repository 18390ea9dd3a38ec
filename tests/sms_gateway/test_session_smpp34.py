"""The session against an independent implementation of the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import smpp34

from sms_gateway.outcomes import Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import DataSm, DeliverSm, SubmitSm
from sms_gateway.smpp.session import Session
from tests.deadlines import until
from tests.sms_gateway.raw_smsc import QUICK
from tests.sms_gateway.smpp34_smsc import Smpp34Smsc, smpp34_smsc


class Esme:
    """Our session bound to the peer, and what it was given."""

    def __init__(self, smsc: Smpp34Smsc) -> None:
        self.answers = 0
        self.came: list[DeliverSm | DataSm] = []
        self.session = Session(
            Smsc("127.0.0.1", smsc.port, "demo", "secret", per_second=10_000),
            on_message=self.take,
            patience=replace(QUICK, response_seconds=1),
        )

    async def take(self, pdu: DeliverSm | DataSm) -> int:
        self.came.append(pdu)
        return self.answers

    async def send(self, said: str) -> Outcome:
        return await self.session.submit(
            SubmitSm(
                source_addr="3116",
                destination_addr="79141234567",
                data_coding=8,
                short_message=said.encode("utf-16-be"),
            )
        )


@pytest.fixture
async def smsc() -> AsyncIterator[Smpp34Smsc]:
    async with smpp34_smsc() as opened:
        yield opened


@pytest.fixture
async def esme(smsc: Smpp34Smsc) -> AsyncIterator[Esme]:
    ours = Esme(smsc)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ours.session.run())
        await ours.session.bound()
        yield ours
        running.cancel()


async def test_messages_go_both_ways(smsc: Smpp34Smsc, esme: Esme) -> None:
    peer = await smsc.esme()
    assert await esme.send("привет") == Submitted(smsc.ids[0])
    assert smsc.texts == [("79141234567", "привет")]
    payload = smpp34.Tlv(0x0424, "да".encode("utf-16-be"))
    answered = await peer.deliver_sm("3116", source_addr="79141234567", data_coding=8, tlvs=[payload])
    assert answered.is_success
    assert [each.message.decode("utf-16-be") for each in esme.came] == ["да"]


async def test_a_message_that_we_cannot_store_is_refused_for_now(smsc: Smpp34Smsc, esme: Esme) -> None:
    peer = await smsc.esme()
    esme.answers = 0x64
    answered = await peer.deliver_sm("3116", b"hi", source_addr="79141234567")
    assert answered.command_status == 0x64


async def test_a_window_of_messages_each_gets_its_answer(smsc: Smpp34Smsc, esme: Esme) -> None:
    async with asyncio.TaskGroup() as tasks:
        sending = [tasks.create_task(esme.send(str(n))) for n in range(50)]
    assert {type(task.result()) for task in sending} == {Submitted}
    by_id = {task.result(): str(n) for n, task in enumerate(sending)}
    assert by_id == {Submitted(i): said for i, (_, said) in zip(smsc.ids, smsc.texts, strict=True)}


async def test_throttling_and_refusing(smsc: Smpp34Smsc, esme: Esme) -> None:
    smsc.hold = True
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(esme.send("a"))
        (await smsc.submit()).reject(0x58)
        (await smsc.submit()).reject(0x14)
        message_id = smsc.accept(await smsc.submit())
        assert await sending == Submitted(message_id)
        sending = tasks.create_task(esme.send("b"))
        (await smsc.submit()).reject(0x0B)
        assert await sending == Refused(0x0B, retry=False)


async def test_a_response_that_never_comes_is_unknown(smsc: Smpp34Smsc, esme: Esme) -> None:
    smsc.hold = True
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(esme.send("a"))
        unanswered = await smsc.submit()
        assert await sending == Unknown("no response")
        unanswered.accept("late")
    smsc.hold = False
    assert isinstance(await esme.send("b"), Submitted)


async def test_an_smsc_that_restarts_is_found_again() -> None:
    async with smpp34_smsc() as first:
        ours = Esme(first)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(ours.session.run())
            peer = await first.esme()
            await ours.session.bound()
            await peer.unbind()
            await first.esme()
            await ours.session.bound()
            assert isinstance(await ours.send("a"), Submitted)
            running.cancel()


async def test_closing_unbinds(smsc: Smpp34Smsc, esme: Esme) -> None:
    await smsc.esme()
    await esme.session.close()
    await until(lambda: smsc.unbound == 1)
