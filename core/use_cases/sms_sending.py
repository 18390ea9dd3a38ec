"""SMS on their way out: what came of each part is written with what it makes of the whole, in one commit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.ids import NoticeId
from core.messages import outbox
from core.messages.notices import Notice
from core.messages.outbox import DueNotice
from core.messages.sms_trials import MOST_ID_LETTERS, End, PartSent, Trial, known_as
from core.sms_states import SmsState
from core.states import NoticeState
from core.storage.away import outlasting
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice, sms_submission
from core.storage.new_rows import NewRows
from core.use_cases.sending import MAX_ATTEMPTS, UNCERTAIN_AGAIN
from core.use_cases.sms_receipts import ASK_FIRST, SmsReceipts

LATER, LATER_MOST = timedelta(seconds=30), timedelta(minutes=10)

# Written twice where the database went away between a commit and its answer.
_NEW = NewRows(sms_submission, "notice_id", "trial", "part", returning="part")

Given = Mapping[NoticeId, Mapping[str, Mapping[int, SmsState]]]


class SmsSending:
    """Written by (id, lease) as all outcomes are; what went out is noted also where the lease is lost."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall
        self.receipts = SmsReceipts(database, wall)

    async def given(self, held: Sequence[DueNotice]) -> Given:
        """The parts that SMSCs have or may have, by the digest of their text: these are not given again."""
        tried = {each.id: each for each in held if each.reason is not None}
        if not tried:
            return {}
        may_have = select(sms_submission).where(
            sms_submission.c.notice_id.in_(list(tried)),
            sms_submission.c.state.in_([SmsState.SENT, SmsState.DELIVERED, SmsState.UNKNOWN]),
        )
        found: dict[NoticeId, dict[str, dict[int, SmsState]]] = defaultdict(lambda: defaultdict(dict))
        through = set()
        async with self._database.read() as tx:
            for row in await tx.all(may_have.order_by(sms_submission.c.trial)):
                text = found[row.notice_id][row.digest]
                if row.state is not SmsState.UNKNOWN or row.part not in text:
                    text[row.part] = row.state
                if len(text) == row.parts:
                    through.add((row.notice_id, row.digest))
        for notice_id, digest in through:
            # What is marked as a repeat is given again where it is uncertain, once all of it went out.
            if tried[notice_id].repeat and _repeats(tried[notice_id]):
                text = found[notice_id][digest]
                for part in [each for each, state in text.items() if state is SmsState.UNKNOWN]:
                    del text[part]
        return found

    @outlasting
    async def conclude(self, trials: Sequence[Trial]) -> Sequence[None]:
        """Write down what came of them, in one commit; then the receipts that were quicker."""
        async with self._database.transaction() as tx:
            await self._record(tx, trials)
        await self.receipts.apply_early([trial for trial in trials if trial.sent])
        return [None] * len(trials)

    async def _record(self, tx: Transaction, trials: Sequence[Trial]) -> None:
        now = self._wall.now()
        rows = [_row(trial, part, now) for trial in trials for part in trial.sent]
        if rows:
            await _NEW.add(tx, rows)
        await self._write(tx, trials, now)
        # While a text goes again or goes on, what went before may turn out to have arrived, or not.
        more = sorted(trial.held.id for trial in trials if trial.held.repeat or _went_on(trial))
        if more:
            await self.receipts.join(tx, more)

    async def _write(self, tx: Transaction, trials: Sequence[Trial], now: datetime) -> None:
        sent = [(trial.held, _last_id(trial)) for trial in trials if trial.end is End.SENT]
        if sent:
            await outbox.mark_sent(tx, sent, now)
        for trial in trials:
            if trial.end is not End.SENT:
                state, values = _outcome(trial, now)
                await outbox.settle(tx, [trial.held], state, reason=trial.reason[:120], **values)


def _went_on(trial: Trial) -> bool:
    """Whether it is through with parts of trials before."""
    return trial.end in (End.SENT, End.UNKNOWN) and len(trial.sent) < trial.parts


def _repeats(held: DueNotice) -> bool:
    kind = Notice.kinds.get(held.template)
    return kind is not None and kind.repeats


def _row(trial: Trial, part: PartSent, now: datetime) -> dict[str, Any]:
    return {
        "notice_id": trial.held.id,
        "trial": trial.held.lease,
        "part": part.number,
        "parts": trial.parts,
        "smsc": trial.smsc,
        "bind": trial.bind[:80],
        "digest": trial.digest,
        "state": part.state,
        "message_id": part.message_id and part.message_id[:MOST_ID_LETTERS],
        "known_as": part.message_id and known_as(part.message_id),
        "status": part.status,
        "reason": part.reason and part.reason[:120],
        "receipt": part.receipt,
        "submitted_at": now,
        "settled_at": now if part.state is SmsState.FAILED else None,
        "ask_at": now + ASK_FIRST if trial.asks and part.message_id else None,
    }


def _last_id(trial: Trial) -> str | None:
    last = trial.sent[-1].message_id if trial.sent else None
    return last and last[:MOST_ID_LETTERS]


def _outcome(trial: Trial, now: datetime) -> tuple[NoticeState, dict[str, Any]]:
    held = trial.held
    # Of a marked text an unanswered part goes out again, which must come to an end.
    in_vain = held.repeat and any(part.state is SmsState.UNKNOWN for part in trial.sent)
    if trial.end is End.NOT_SENT and in_vain:
        return (NoticeState.DUE if held.attempt < MAX_ATTEMPTS else NoticeState.UNCERTAIN), {}
    if trial.end is End.NOT_SENT:
        return NoticeState.DUE, {"attempt": notice.c.attempt - 1}  # its next_at stays: so does its place
    # Of a broadcast a few times: it has an end, and staff may try the failed ones again.
    if trial.end is End.LATER and (held.broadcast_id is None or held.attempt < MAX_ATTEMPTS):
        return NoticeState.DUE, {"next_at": now + min(LATER * held.attempt, LATER_MOST)}
    if trial.end is End.UNKNOWN:
        if _repeats(held) and held.attempt < MAX_ATTEMPTS:
            return NoticeState.DUE, {"next_at": now + UNCERTAIN_AGAIN, "repeat": True}
        return NoticeState.UNCERTAIN, {}
    return NoticeState.FAILED, {}
