"""How far a broadcast is, in numbers that add up to its recipients."""

from core.notice_states import OrderKind
from core.states import NoticeState
from core.use_cases.broadcast_reports import OrderLine, Progress
from core.use_cases.broadcast_rows import ENDED
from handlers.telegram.html import Html

CELLS = 20
DONE = (NoticeState.SENT, NoticeState.DELIVERED)


def progress(words: Html, of: Progress) -> list[str]:
    lines = [words("Recipients: {n}", n=of.total or of.broadcast.total)]
    if of.total:
        done = of.total - of.left
        lines.append(f"{_bar(done, of.total)} {done * 100 // of.total} %")
    counts = (
        (words("Sent: {n}", n=of.sent), of.sent),
        (words("Delivered: {n}", n=of.delivered), of.delivered),
        (words("Blocked the bot: {n}", n=of.blocked), of.blocked),
        (words("Want no such messages: {n}", n=of.opted_out), of.opted_out),
        (words("Uncertain, perhaps arrived: {n}", n=of.uncertain), of.uncertain),
        (words("Too late, not sent: {n}", n=of.expired), of.expired),
    )
    lines += [text for text, n in counts if n or text == counts[0][0]]
    lines += [words("Failed, {reason}: {n}", reason=why or "?", n=n) for why, n in sorted(of.failed.items())]
    lines += [
        words("Cancelled, {reason}: {n}", reason=why or "?", n=n) for why, n in sorted(of.cancelled.items())
    ]
    lines.append(words("Left: {n}", n=of.left))
    if of.left and of.eta is not None and of.broadcast.state not in ENDED:
        rate = words("{n} a second", n=f"{of.per_second:.0f}" if of.per_second >= 1 else "<1")
        lines.append(f"{rate}, {_left(words, of)}")
    return lines + _later(words, of) + [_order(words, each) for each in of.orders if not each.finished]


def _bar(done: int, total: int) -> str:
    full = done * CELLS // total
    return "▰" * full + "▱" * (CELLS - full)


def _left(words: Html, of: Progress) -> str:
    assert of.eta is not None
    minutes = max(1, -(-int(of.eta.total_seconds()) // 60))
    if minutes < 60:
        return words("about {time} left", time=words.plural("{n} minute", "{n} minutes", minutes))
    return words("about {time} left", time=words.plural("{n} hour", "{n} hours", -(-minutes // 60)))


def _later(words: Html, of: Progress) -> list[str]:
    def n(template: str) -> int:
        return sum(n for (name, state), n in of.later.items() if name == template and state in DONE)

    counts = (
        (words("By SMS instead: {n}", n=n("broadcast")), n("broadcast")),
        (words("Changed afterwards: {n}", n=n("broadcast_edit")), n("broadcast_edit")),
        (words("Deleted from chats: {n}", n=n("broadcast_recall")), n("broadcast_recall")),
    )
    return [text for text, made in counts if made]


def _order(words: Html, of: OrderLine) -> str:
    what = {
        OrderKind.RETRY: words("sending again"),
        OrderKind.EDIT: words("changing the text"),
        OrderKind.RECALL: words("deleting from chats"),
    }[of.kind]
    if not of.begun:
        return words("{what}: waits for a second person", what=what)
    return words("{what}: under way", what=what)
