"""Whose address counts: the peer's, unless a proxy of ours says for whom it asks."""

from dataclasses import dataclass

import pytest
from aiohttp.test_utils import make_mocked_request

from web.client import Proxies


@dataclass(frozen=True)
class Case:
    name: str
    peer: str
    forwarded: str
    client: str
    trusted: str = "10.0.0.0/8, 2001:db8::/32"


CASES = [
    Case("nobody is between", "198.51.100.7", "", "198.51.100.7"),
    Case("a stranger claims to be another", "198.51.100.7", "203.0.113.1", "198.51.100.7"),
    Case("our proxy tells its client", "10.0.0.1", "203.0.113.1", "203.0.113.1"),
    Case("what the client itself said does not count", "10.0.0.1", "1.1.1.1, 203.0.113.1", "203.0.113.1"),
    Case("two proxies of ours", "10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1"),
    Case("only proxies of ours", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    Case("our proxy tells nothing", "10.0.0.1", "", "10.0.0.1"),
    Case("our proxy tells nonsense", "10.0.0.1", "unknown", "10.0.0.1"),
    Case("nonsense before an address", "10.0.0.1", "x, 203.0.113.1", "203.0.113.1"),
    Case("IPv6 by our proxy", "2001:db8::1", "2001:470::1", "2001:470::1"),
    Case("IPv4 on a socket for both", "::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"),
    Case("no proxy is configured", "10.0.0.1", "203.0.113.1", "10.0.0.1", trusted=""),
    Case("a Unix socket", "", "203.0.113.1", "unknown"),
]


class Transport:
    """Tells who is at the other end, as a socket does."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._peer, 50000) if name == "peername" and self._peer else default


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_client_is_the_first_hop_that_is_not_ours(case: Case) -> None:
    headers = {"X-Forwarded-For": case.forwarded} if case.forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=case.peer)
    assert Proxies.parse(case.trusted).client(request) == case.client


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="nginx"):
        Proxies.parse("nginx")
