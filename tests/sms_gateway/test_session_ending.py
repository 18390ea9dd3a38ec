"""The end of a session: whoever cancels it is heard, also at the moment when the link is lost."""

import asyncio

from tests.sms_gateway.raw_smsc import RawSmsc, session_with, take_all

MOMENTS = range(8)  # steps of the event loop, around the one in which the end of the stream is read


async def test_a_cancellation_is_heard_while_the_link_is_lost() -> None:
    async with RawSmsc().listening() as smsc:
        for moment in MOMENTS:
            async with asyncio.timeout(5), session_with(smsc, take_all) as session:
                peer = await smsc.peer()
                await peer.bind()
                await session.bound()
                peer.cut()
                for _ in range(moment):
                    await asyncio.sleep(0)
