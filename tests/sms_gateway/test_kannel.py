"""The way out through Kannel over real sockets: what is asked of its sendsms, and what each answer means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sms_gateway.kannel.gateway import Gateway, gateways_of
from sms_gateway.kannel.sendsms import Kannel
from sms_gateway.kannel.signed import Signer
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.codec import EncodeError
from sms_gateway.smpp.link import Patience
from tests.deadlines import until
from tests.sms_gateway.gateways import PHONE, TOKEN, Smsbox
from tests.sms_gateway.raw_smsc import QUICK


@pytest.fixture
async def smsbox() -> AsyncIterator[Smsbox]:
    async with Smsbox().listening() as opened:
        yield opened


@asynccontextmanager
async def kannel_at(url: str, *, patience: Patience = QUICK, **changes: Any) -> AsyncIterator[Kannel]:
    (gateway,) = gateways_of(url, per_second=10_000, **changes)
    kannel = Kannel(
        gateway, short_code="3116", signer=Signer(TOKEN), back_url="http://us.test/", patience=patience
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(kannel.run())
        yield kannel
        running.cancel()


async def say(kannel: Kannel, text: str, *, lives: float | None = None, within: float = 10) -> list[Outcome]:
    """Submit a text as delivery does; one outcome a part."""
    await until(lambda: kannel.up)
    at = asyncio.get_running_loop().time() + within
    pieces = kannel.cut(text, reference=7)
    return [
        await kannel.submit(PHONE, piece, last=number == len(pieces), lives_seconds=lives, until=at)
        for number, piece in enumerate(pieces, start=1)
    ]


async def test_a_cyrillic_text_names_its_coding_and_charset(smsbox: Smsbox) -> None:
    async with kannel_at(smsbox.url) as kannel:
        (outcome,) = await say(kannel, "Остаток 5 & 100 % 😀")
    assert isinstance(outcome, Submitted)
    (asked,) = smsbox.asked
    receipt_url = asked.pop("dlr-url")
    assert asked == {
        "username": "aliance", "password": "pass/word", "from": "3116", "to": f"+{PHONE}", "coding": "2",
        "content-type": "text/plain; charset=UTF-8", "text": "Остаток 5 & 100 % 😀", "dlr-mask": "31",
    }  # fmt: skip
    assert receipt_url.startswith("http://us.test/sms/kannel/receipt?via=kannel&id=" + outcome.message_id)
    assert receipt_url.endswith("&type=%d&answer=%A")


async def test_a_text_of_the_gsm_alphabet_goes_as_such(smsbox: Smsbox) -> None:
    async with kannel_at(smsbox.url) as kannel:
        await say(kannel, "{€} @ _ ok")
    assert (smsbox.asked[0]["coding"], smsbox.asked[0]["text"]) == ("0", "{€} @ _ ok")


async def test_a_long_text_goes_in_parts_of_ours_and_asks_for_one_receipt(smsbox: Smsbox) -> None:
    text = "я" * 66 + "😀" + "я" * 66 + "щ" * 900
    async with kannel_at(smsbox.url) as kannel:
        outcomes = await say(kannel, text)
    assert all(isinstance(each, Submitted) for each in outcomes)
    assert "".join(each["text"] for each in smsbox.asked) == text
    total = len(smsbox.asked)
    assert [each["udh"] for each in smsbox.asked] == [f"05000307{total:02x}{n + 1:02x}" for n in range(total)]
    assert max(len(each["text"].encode("utf-16-be")) for each in smsbox.asked) <= 134
    assert ["dlr-url" in each for each in smsbox.asked] == [False] * (total - 1) + [True]


@pytest.mark.parametrize("lives, minutes", [(None, None), (299.5, "5"), (3600, "60"), (200_000, None)])
async def test_what_dies_soon_dies_at_kannel_too(
    smsbox: Smsbox, lives: float | None, minutes: str | None
) -> None:
    async with kannel_at(smsbox.url) as kannel:
        await say(kannel, "код", lives=lives)
    assert smsbox.asked[0].get("validity") == minutes


ANSWERS: list[tuple[str, tuple[int, str], Outcome]] = [
    ("accepted", (202, "0: Accepted for delivery"), Submitted("")),
    ("queued", (202, "3: Queued for later delivery"), Submitted("")),
    ("misformed", (400, "UDH field misformed, rejected"), Refused(400, retry=False)),
    ("not routable", (403, "Not routable. Do not try again."), Refused(403, retry=False)),
    ("bearerbox away", (500, "Sending failed."), Refused(500, retry=True)),
    ("not us", (403, "Authorization failed for sendsms"), NotSent("kannel refuses us: 403")),
    ("no such page", (404, "Unknown request."), NotSent("kannel refuses us: 404")),
    ("elsewhere", (302, ""), NotSent("kannel refuses us: 302")),
    ("a proxy's", (502, ""), Unknown("status 502")),
    ("a proxy's, too late", (504, ""), Unknown("status 504")),
]


@pytest.mark.parametrize("name, answer, outcome", ANSWERS, ids=[case[0] for case in ANSWERS])
async def test_an_answer_is_read(
    smsbox: Smsbox, name: str, answer: tuple[int, str], outcome: Outcome
) -> None:
    smsbox.answers = [answer]
    async with kannel_at(smsbox.url) as kannel:
        (got,) = await say(kannel, "да")
    if isinstance(got, Submitted | Unknown):
        assert got.message_id in smsbox.asked[0]["dlr-url"]
        got = type(got)(message_id="", **({"why": got.why} if isinstance(got, Unknown) else {}))
    assert got == outcome
    assert len(smsbox.asked) == 1


async def test_who_is_not_now_answered_keeps_its_place_and_goes_again(smsbox: Smsbox) -> None:
    smsbox.answers = [(503, "Temporal failure, try again later.")] * 2
    async with kannel_at(smsbox.url, window=1) as kannel:
        first, second = await asyncio.gather(say(kannel, "one"), say(kannel, "two"))
        assert kannel.up
    assert [type(each) for each in (*first, *second)] == [Submitted, Submitted]
    assert [each["text"] for each in smsbox.asked] == ["one", "one", "one", "two"]


async def test_who_is_put_off_for_too_long_goes_back(smsbox: Smsbox) -> None:
    smsbox.answers = [(503, "")] * 1000
    async with kannel_at(smsbox.url) as kannel:
        assert await say(kannel, "one", within=0.05) == [Refused(503, retry=True, slow_down=True)]


async def test_what_is_no_phone_is_not_asked_for(smsbox: Smsbox) -> None:
    async with kannel_at(smsbox.url) as kannel:
        await until(lambda: kannel.up)
        for address in ("Банк", "Bank", "7914\r\nX-Kannel-To: 7", ""):
            with pytest.raises(EncodeError):
                await kannel.submit(
                    address, kannel.cut("да", reference=1)[0], last=True, lives_seconds=None, until=1e9
                )
    assert smsbox.asked == []


async def test_no_answer_is_unknown_under_the_id_that_a_report_will_name(smsbox: Smsbox) -> None:
    smsbox.answers = [None]
    impatient = Patience(connect_seconds=5, response_seconds=0.2, reconnect_first_seconds=0.01)
    async with kannel_at(smsbox.url, patience=impatient) as kannel:
        (outcome,) = await say(kannel, "да", within=0.1)
    assert isinstance(outcome, Unknown)
    assert outcome.message_id in smsbox.asked[0]["dlr-url"]


async def test_a_connection_that_is_cut_is_unknown_and_asked_once(smsbox: Smsbox) -> None:
    heard = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_line = await reader.readline()
        if with_line:  # the look whether somebody is there says nothing
            heard.append(with_line)
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with kannel_at(f"http://a:b@127.0.0.1:{port}/") as kannel:
            (outcome,) = await say(kannel, "да")
    assert isinstance(outcome, Unknown)
    assert len(heard) == 1


async def test_while_kannel_is_away_nothing_is_sent_and_then_all_is() -> None:
    smsbox = Smsbox()
    async with smsbox.listening():
        url = smsbox.url
    port = int(url.rpartition(":")[2].partition("/")[0])
    async with kannel_at(url) as kannel:
        piece = kannel.cut("да", reference=1)[0]
        at = asyncio.get_running_loop().time() + 5
        early = await kannel.submit(PHONE, piece, last=True, lives_seconds=None, until=at)
        assert early == NotSent("kannel does not answer")
        async with smsbox.listening(port):
            assert [type(each) for each in await say(kannel, "да")] == [Submitted]
        assert isinstance((await say(kannel, "да"))[0] if kannel.up else NotSent(""), NotSent)
        assert not kannel.up
    assert len(smsbox.asked) == 1


async def test_no_more_than_the_window_is_asked_at_once(smsbox: Smsbox) -> None:
    gathered = asyncio.Event()

    async def hold() -> None:
        if len(smsbox.asked) >= 3:
            gathered.set()
        await gathered.wait()

    smsbox.hold = hold
    async with kannel_at(smsbox.url, window=3) as kannel:
        outcomes = await asyncio.gather(*(say(kannel, str(n)) for n in range(9)))
    assert {type(each) for (each,) in outcomes} == {Submitted}
    assert smsbox.most_at_once == 3


async def test_who_closes_waits_for_what_was_asked(smsbox: Smsbox) -> None:
    smsbox.answers = [None]
    async with kannel_at(smsbox.url) as kannel:
        asking = asyncio.gather(say(kannel, "да"))
        await until(lambda: smsbox.asked)
        closing = asyncio.gather(kannel.close())
        await until(lambda: not kannel.up)
        smsbox.held.set()
        await closing
        assert [type(each) for (each,) in await asking] == [Submitted]


URL = "http://aliance:pass%2Fword@kannel.example:13013/cgi-bin/sendsms"


def test_an_address_says_who_we_are_and_which_smsc_is_meant() -> None:
    first, second = gateways_of(
        f"{URL}?smsc=mts&operator=mts&window=3&per_second=7&account=9 https://a:b@other", window=20
    )
    assert first == Gateway(
        "kannel.example", 13013, "http://kannel.example:13013/cgi-bin/sendsms", "aliance", "pass/word",
        window=3, per_second=7, smsc="mts", operator="mts", extra=(("smsc", "mts"), ("account", "9")),
    )  # fmt: skip
    assert (first.name, second.name) == ("kannel:mts", "kannel")
    assert (second.address, second.window) == ("https://other:443/cgi-bin/sendsms", 20)
    assert "pass" not in repr(first)


@pytest.mark.parametrize(
    "urls",
    [
        "kannel.example", "http://kannel.example/", "http://a@kannel.example/", "ftp://a:secret@kannel.example/",
        "http://a:secret@kannel.example:x/", "http://a:secret@h?window=x",
        "http://a:secret%0a@h", f"{URL} {URL}",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_its_password(urls: str) -> None:
    with pytest.raises(ValueError, match="Kannel") as refused:
        gateways_of(urls)
    assert "secret" not in str(refused.value)
    assert "pass" not in str(refused.value).replace("user:password", "")
