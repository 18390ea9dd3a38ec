"""The command_status numbers that our side of an SMPP session says or acts on (SMPP 3.4, 5.1.3)."""

from __future__ import annotations

OK = 0x00
INVALID_MESSAGE_LENGTH = 0x01
INVALID_COMMAND_LENGTH = 0x02
INVALID_COMMAND_ID = 0x03
WRONG_BIND_STATUS = 0x04
ALREADY_BOUND = 0x05
SYSTEM_ERROR = 0x08
BIND_FAILED = 0x0D
WRONG_PASSWORD = 0x0E
WRONG_SYSTEM_ID = 0x0F
QUEUE_FULL = 0x14
THROTTLED = 0x58
TEMPORARY_APPLICATION_ERROR = 0x64  # ESME_RX_T_APPN: the SMSC keeps the message and sends it again
INVALID_OPTIONAL_PARAMETERS = 0xC0

SLOW_DOWN = frozenset({QUEUE_FULL, THROTTLED})

# A refusal that says nothing about the message itself: the same message may be taken later.
TRY_AGAIN = SLOW_DOWN | {WRONG_BIND_STATUS, SYSTEM_ERROR, TEMPORARY_APPLICATION_ERROR}

# A bind that is refused so is refused again until somebody changes something.
NOT_WELCOME = frozenset({BIND_FAILED, WRONG_PASSWORD, WRONG_SYSTEM_ID})
