"""Binds without sockets: what is submitted by them is kept, and answered as a test says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from core.use_cases.sending import Sending
from core.use_cases.sms_queries import SmsQueries
from core.wiring import Core
from sms_gateway.carriers import Carriers
from sms_gateway.delivery import Delivery, Render
from sms_gateway.door import operator_of
from sms_gateway.outcomes import Outcome, Submitted
from sms_gateway.settling import Settling
from sms_gateway.smpp.bind import Bind
from sms_gateway.smpp.codec import encode
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import QuerySm, QuerySmResp, SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.sms_gateway.raw_smsc import take_all

SMSC = Smsc("smsc.example", 2775, "us", "secret", called="smsc", per_second=10_000)


class FakeSession:
    """Answers with the next of `outcomes`, then with ids of its own."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.submitted: list[SubmitSm] = []
        self.late: list[OnOutcome | None] = []
        self.is_bound = True
        self.paused = False
        self.asked: list[str] = []
        self.states: dict[str, int] = {}  # what query_sm says

    async def submit(self, pdu: SubmitSm, *, until: float, on_late: OnOutcome | None = None) -> Outcome:
        encode(pdu)
        self.submitted.append(pdu)
        self.late.append(on_late)
        return self.outcomes.pop(0) if self.outcomes else Submitted(f"id{len(self.submitted)}")

    async def query(self, pdu: QuerySm) -> QuerySmResp | None:
        self.asked.append(pdu.message_id)
        state = self.states.get(pdu.message_id)
        return None if state is None else QuerySmResp(message_id=pdu.message_id, message_state=state)


class FakeBind(Bind):
    def __init__(self, session: Any, smsc: Smsc = SMSC) -> None:
        super().__init__(smsc, short_code="3116", on_message=take_all)
        self._senders = [session]


def bind_of(session: Any, **said: Any) -> FakeBind:
    return FakeBind(session, replace(SMSC, **said))


class Desk:
    """A delivery with its ways out, and what settles what left by them."""

    def __init__(self, core: Core, *binds: Bind, render: Render, sending: Sending | None = None) -> None:
        self.binds = binds
        self.carriers = Carriers(binds, partial(operator_of, core.mobile_operators))
        self.settling = Settling(core.sms_sending.receipts, SmsQueries(core.database, core.wall))
        self.delivery = Delivery(
            sending or core.sending,
            core.sms_sending,
            self.carriers,
            core.wakeups,
            render=render,
            settling=self.settling,
            wall=core.wall,
        )
