"""Whom a bind speaks TLS with: only who is vouched for, before a password is said."""

from __future__ import annotations

import ssl

import structlog

from sms_gateway.smpp.link import Smsc

log = structlog.get_logger(__name__)


def tls_of(smsc: Smsc) -> ssl.SSLContext:
    """The system's authorities, and those of the operator's file; ValueError where that cannot be read."""
    context = ssl.create_default_context()
    if smsc.ca:
        try:
            context.load_verify_locations(smsc.ca)
        except OSError as error:
            raise ValueError(f"certificates {smsc.ca}: {error}") from error
    if not smsc.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        log.warning("smsc certificate is not verified", smsc=smsc.label)
    return context
