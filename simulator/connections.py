"""Breaks a connection as a failing network does."""

import asyncio
import socket
import struct

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: the peer sees a reset, not an end
CLOSED = -1


def reset(transport: asyncio.WriteTransport) -> None:
    peer = transport.get_extra_info("socket")
    if peer.fileno() != CLOSED:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
