"""Who is at the other end: the peer itself, unless a proxy of ours says for whom it asks."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

Network = IPv4Network | IPv6Network
FORWARDED_FOR = "X-Forwarded-For"
UNKNOWN = "unknown"  # a Unix socket has no address


class Proxies:
    """The proxies whose X-Forwarded-For is believed; nobody else's is."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    @classmethod
    def parse(cls, text: str) -> "Proxies":
        """Addresses and networks, separated by commas or spaces; ValueError on any other text."""
        return cls([ip_network(part) for part in text.replace(",", " ").split()])

    def client(self, request: web.Request) -> str:
        """The address of the first hop, counted from us, that is no proxy of ours."""
        peer = _address(request.remote or "")
        if peer is None:
            return UNKNOWN
        told = ",".join(request.headers.getall(FORWARDED_FOR, []))
        for hop in reversed(told.split(",")):
            if not self._trusted(peer):
                break
            before = _address(hop.strip())
            if before is None:
                break
            peer = before
        return str(peer)

    def _trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both protocols shows IPv4 peers as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
