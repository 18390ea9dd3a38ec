"""The linking page: what it says, what it refuses, and that it tells nobody which accounts exist."""

import re
import time
from datetime import timedelta

import pytest

from core.ids import Payer
from core.wiring import Core
from tests.fakes import FakeClock
from tests.web.conftest import PASSWORD, Client
from web.link import shown_name

ASKER = Payer.telegram(1001)


async def place(core: Core, name: str = "Anna K") -> str:
    start = await core.links.start(ASKER, name)
    return start.url.removeprefix("http://aliance.test")


async def log_in(client: Client, page: str, login: str, password: str) -> tuple[int, str]:
    async with client.post(page, data={"login": login, "password": password}) as response:
        return response.status, await response.text()


def code_of(page: str) -> str:
    found = re.search(r'id="code">(\d{6})<', page)
    assert found, page
    return found[1]


async def test_the_page_names_who_asked_and_warns(core: Core, client: Client) -> None:
    async with client.get(await place(core)) as response:
        page = await response.text()
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "Anna K" in page
    assert "Если ссылку вам прислали, закройте страницу" in page


async def test_looking_at_the_page_does_not_use_it_up(core: Core, client: Client) -> None:
    page = await place(core)
    for _ in range(3):
        async with client.get(page) as response:
            assert response.status == 200


@pytest.mark.parametrize("login", ["100080", "00100080", "alpha", " alpha "])
async def test_login_or_number_opens_the_account_and_the_code_links_it(
    core: Core, client: Client, login: str
) -> None:
    status, page = await log_in(client, await place(core), login, PASSWORD)
    assert status == 200
    assert await core.accounts.linked(ASKER) == []
    assert await core.links.complete(ASKER, code_of(page)) == "100080"
    assert [each.number for each in await core.accounts.linked(ASKER)] == ["100080"]


async def test_the_words_do_not_tell_whether_an_account_exists(core: Core, client: Client) -> None:
    page = await place(core)
    answers = {
        await log_in(client, page, login, "wrong-password")
        for login in ("100080", "alpha", "999999", "", "'--")
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 403


async def test_the_time_does_not_tell_whether_an_account_exists(core: Core, client: Client) -> None:
    page = await place(core)

    async def cost(login: str) -> float:
        """The processor's time: what a loaded machine adds to the clock's is left out."""
        before = time.process_time()
        assert (await log_in(client, page, login, "wrong-password"))[0] == 403
        return time.process_time() - before

    await cost("300000")
    existing = min([await cost("100080"), await cost("100080"), await cost("alpha")])
    missing = min([await cost("300001"), await cost("300002"), await cost("300003")])
    assert 0.5 < existing / missing < 2


async def test_a_name_cannot_speak_for_us(core: Core, client: Client) -> None:
    async with client.get(await place(core, "<b>Support</b>\u202e\n\nOK")) as response:
        page = await response.text()
    assert "<b>Support" not in page
    assert "&lt;b&gt;Support&lt;/b&gt; OK" in page


@pytest.mark.parametrize(
    "name, shown",
    [("Anna", "Anna"), ("  a\u200b b\n", "a b"), ("x" * 65, "x" * 64 + "…"), ("\u202e\u2066", "")],
)
def test_a_name_is_shown_without_what_cannot_be_seen(name: str, shown: str) -> None:
    assert shown_name(name) == shown


async def test_an_old_link_says_so(core: Core, client: Client, clock: FakeClock) -> None:
    page = await place(core)
    clock.shift(timedelta(minutes=16))
    async with client.get(page) as response:
        assert response.status == 410
        assert "Ссылка больше не действует" in await response.text()
    assert (await log_in(client, page, "100080", PASSWORD))[0] == 410


async def test_a_newer_link_ends_the_older(core: Core, client: Client) -> None:
    older, newer = await place(core), await place(core)
    assert (await log_in(client, older, "100080", PASSWORD))[0] == 410
    assert (await log_in(client, newer, "100080", PASSWORD))[0] == 200


async def test_a_link_that_nobody_made_looks_like_an_old_one(core: Core, client: Client) -> None:
    async with client.get("/link/made-up") as response:
        assert response.status == 410


async def test_a_used_link_says_so(core: Core, client: Client) -> None:
    page = await place(core)
    _, proven = await log_in(client, page, "100080", PASSWORD)
    await core.links.complete(ASKER, code_of(proven))
    assert (await log_in(client, page, "100080", PASSWORD))[0] == 410


async def test_tries_at_one_account_are_limited_and_the_wait_is_told(core: Core, client: Client) -> None:
    page = await place(core)
    for _ in range(5):
        assert (await log_in(client, page, "100080", "wrong-password"))[0] == 403
    form = {"login": "100080", "password": PASSWORD}
    async with client.post(page, data=form) as response:
        assert response.status == 429
        assert int(response.headers["Retry-After"]) > 60
        assert "Слишком много попыток" in await response.text()


async def test_tries_from_one_address_are_limited_whatever_it_claims(core: Core, client: Client) -> None:
    page = await place(core)
    statuses = []
    for number in range(21):
        form = {"login": f"4000{number:02}", "password": "x"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        async with client.post(page, data=form, headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [403] * 20 + [429]


async def test_only_a_form_is_taken(core: Core, client: Client) -> None:
    page = await place(core)
    async with client.post(page, json={"login": "100080", "password": PASSWORD}) as response:
        assert response.status == 415
    form = "login=100080&login=alpha&password=x"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(page, data=form, headers=headers) as response:
        assert response.status == 400


async def test_a_password_is_not_given_back(core: Core, client: Client) -> None:
    _, page = await log_in(client, await place(core), "alpha", "s3cret-word")
    assert "s3cret-word" not in page
