"""From the settings to the binds that they name; where they cannot be meant, `run` and `doctor` say why."""

from __future__ import annotations

from core.settings import Settings
from sms_gateway.smpp.address import smscs_of
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.tls import tls_of


def binds_of(settings: Settings) -> list[Smsc]:
    """ValueError, without a password, where an address, an option or a file of certificates is none."""
    smscs = smscs_of(
        settings.smsc_url.get_secret_value(),
        window=settings.smsc_window,
        per_second=settings.smsc_messages_per_second,
        alphabet=settings.smsc_data_coding_0,
        ca=settings.smsc_ca,
    )
    for each in smscs:
        if each.tls:
            tls_of(each)
    return smscs
