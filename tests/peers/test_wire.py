"""What tshark is trusted with: a PDU that is not what it says is found, and sound ones are not."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from sms_gateway.smpp.codec import encode
from sms_gateway.smpp.pdu import SubmitSm
from tests.deadlines import until
from tests.peers.wire import captured

SOUND = encode(SubmitSm(source_addr="3116", destination_addr="79141234567", short_message=b"\x04\x34"))


async def test_a_message_shorter_than_it_says_is_found(tmp_path: Path) -> None:
    broken = SOUND.replace(b"\x02\x04\x34", b"\x09\x04\x34")
    assert broken != SOUND

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, captured({port: "smpp"}, tmp_path) as wire:
        for octets in (SOUND, broken):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(octets)
            await writer.drain()
            await until(partial(wire.holds, octets), what="the capture of a PDU")
            writer.close()
    assert sum((await wire.commands()).values()) == 2
    assert len(await wire.malformed()) == 1
