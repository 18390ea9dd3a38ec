"""From the settings to the ways that SMS go; where they cannot be meant, `run` and `doctor` say why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from core.settings import Settings
from sms_gateway.kannel.gateway import KANNEL, Gateway, gateways_of
from sms_gateway.smpp.address import smscs_of
from sms_gateway.smpp.link import Mode, Smsc
from sms_gateway.smpp.tls import tls_of

Network = IPv4Network | IPv6Network

UNSAID = "direct= is not said: taken for the operator's own"
AGGREGATOR = "aggregator"
OTHER_SMSCS = f"{KANNEL} (others)"  # of Kannel's SMSCs those without an address of their own


def ways_of(settings: Settings) -> list[str]:
    """A word on each way out; ValueError, without a password, that names the setting which is none."""
    with _named("SMSC_URL"):
        binds = binds_of(settings)
    with _named("KANNEL_URL"):
        kannels = kannels_of(settings)
    with _named("KANNEL_NETWORKS"):
        networks_of(settings.kannel_networks)
    with _named("AGGREGATOR_NETWORKS"):
        networks_of(settings.aggregator_networks)
    with _named("AGGREGATOR_REPLY_URL"):
        aggregator = aggregator_of(settings)
    said = [f"{each.label} {each.mode}{' by TLS' if each.tls else ''}" for each in binds]
    if binds:
        said[0] = f"{len(binds)} of {len({each.name for each in binds})} SMSC: {said[0]}"
    return said + [each.name for each in kannels] + ([AGGREGATOR] if aggregator else [])


def ways_in(settings: Settings) -> dict[str, bool]:
    """Each way that SMS come in by, and whether it vouches for their senders; as `ways_of` else."""
    with _named("SMSC_URL"):
        found = {each.label: each.direct for each in binds_of(settings) if each.mode != Mode.TRANSMITTER}
    with _named("KANNEL_URL"):
        kannels = {each.name: each.direct for each in kannels_of(settings)}
    if kannels and KANNEL not in kannels:
        kannels[OTHER_SMSCS] = False
    aggregator = {AGGREGATOR: False} if settings.aggregator_key.get_secret_value() else {}
    return found | kannels | aggregator


def unsaid(settings: Settings) -> list[str]:
    """The SMSCs whose messages a bind takes and of which no address says `direct=`; as `ways_of` else."""
    with _named("SMSC_URL"):
        binds = binds_of(settings)
    taking = [each for each in binds if each.mode != Mode.TRANSMITTER]
    said = {each.name for each in taking if each.says_direct}
    return [name for name in dict.fromkeys(each.name for each in taking) if name not in said]


def binds_of(settings: Settings) -> list[Smsc]:
    """ValueError, without a password, where an address, an option or a file of certificates is none."""
    urls = settings.smsc_url.get_secret_value()
    if not urls:
        return []  # SMS come and go by HTTP alone
    smscs = smscs_of(
        urls,
        window=settings.smsc_window,
        per_second=settings.smsc_messages_per_second,
        alphabet=settings.smsc_data_coding_0,
        ca=settings.smsc_ca,
    )
    for each in smscs:
        if each.name in (KANNEL, OTHER_SMSCS, AGGREGATOR) or each.name.startswith(f"{KANNEL}:"):
            raise ValueError(f"the SMSC {each.name}: ways by HTTP are named so")
        if each.tls:
            tls_of(each)
    return smscs


def kannels_of(settings: Settings) -> list[Gateway]:
    return gateways_of(
        settings.kannel_url.get_secret_value(),
        window=settings.smsc_window,
        per_second=settings.smsc_messages_per_second,
    )


def aggregator_of(settings: Settings) -> str:
    """Where replies are posted; empty where they leave another way."""
    url = settings.aggregator_reply_url
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError("the aggregator's address is written https://host/path")
    return url


def networks_of(said: str) -> list[Network]:
    """Addresses and networks, by commas or spaces."""
    return [ip_network(part) for part in said.replace(",", " ").split()]


@contextmanager
def _named(setting: str) -> Iterator[None]:
    try:
        yield
    except ValueError as wrong:
        raise ValueError(f"ALIANCE_{setting}: {wrong}") from wrong
