"""What every page has in common: its language, its headers, its words for trouble."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.profile import Profile
from core.storage.database import Database
from core.use_cases.queues import Queues
from core.wiring import Core
from tests.web.conftest import Client, Serve
from web.pages import preferred

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    "accepted, locale",
    [
        ("", "ru"),
        ("en", "en"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,en;q=0.5", "en"),
        ("de", "ru"),
        ("en;q=0.1,ru;q=0.2", "ru"),
        ("en;q=0", "ru"),
        ("*;q=1, nonsense;;q=x, en;q=0.3", "en"),
        (",".join(["de"] * 1000 + ["en"]), "ru"),
    ],
)
def test_the_language_is_what_the_browser_likes_best(accepted: str, locale: str, profile: Profile) -> None:
    assert preferred(accepted, profile) == locale


async def test_a_page_speaks_the_browsers_language(client: Client) -> None:
    async with client.get("/paid", headers={"Accept-Language": "en"}) as response:
        page = await response.text()
    assert '<html lang="en">' in page
    assert "Thank you" in page
    assert "AlliansTelecom" in page


async def test_the_return_page_promises_nothing(client: Client) -> None:
    async with client.get("/paid") as response:
        assert "Как только оплата подтвердится" in await response.text()


async def test_an_unknown_page_is_told_to_a_person_and_to_a_machine(client: Client) -> None:
    async with client.get("/nothing", headers=BROWSER) as response:
        assert response.status == 404
        assert "Такой страницы нет" in await response.text()
    async with client.get("/nothing") as response:
        assert (response.status, await response.text()) == (404, "Not Found")


async def test_a_wrong_method_is_told_the_right_one(client: Client) -> None:
    async with client.delete("/paid") as response:
        assert response.status == 405
        assert "GET" in response.headers["Allow"]


async def test_trouble_has_one_number_on_the_page_and_in_the_log(
    core: Core, open_client: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        async def look(self, token: str) -> object:
            raise RuntimeError("the shelf fell down")

    client = await open_client(replace(core, links=Broken()))  # type: ignore[arg-type]  # a fake that fails
    async with client.get("/link/secret-token", headers=BROWSER) as response:
        page = await response.text()
        assert response.status == 500
    logged = capsys.readouterr().out
    incident = page.split("этот номер: ")[1].split("<")[0]
    assert incident in logged
    assert "the shelf fell down" in logged
    assert "the shelf" not in page
    assert "secret-token" not in logged.split("Traceback")[0]


async def test_the_style_is_ours_and_kept_for_a_while(client: Client) -> None:
    async with client.get("/static/page.css") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "max-age=3600"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with client.get("/static/../app.py") as response:
        assert response.status == 404


async def test_https_is_remembered_where_it_is_the_public_address(core: Core, open_client: Serve) -> None:
    settings = core.settings.model_copy(update={"public_url": "https://aliance.test"})
    client = await open_client(replace(core, settings=settings))
    async with client.get("/paid") as response:
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_health_tells_how_old_the_oldest_work_is(client: Client) -> None:
    async with client.get("/health") as response:
        told = await response.json()
    assert response.status == 200
    assert told["database"] == "ok"
    assert told["oldest_unfinished_seconds"] == {
        "incoming": None,
        "notices": None,
        "payments": None,
        "provider_events": None,
    }


async def test_health_is_bad_without_a_database(core: Core, open_client: Serve, tmp_path: Path) -> None:
    gone = Database(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/aliance.db")
    client = await open_client(replace(core, queues=Queues(gone, core.profile, core.clock, core.wall)))
    async with client.get("/health") as response:
        assert response.status == 503
        assert json.loads(await response.text()) == {"database": "unreachable"}
    await gone.close()


async def test_a_proxy_that_is_no_address_stops_the_start(core: Core, open_client: Serve) -> None:
    wrong = core.settings.model_copy(update={"trusted_proxies": "nginx"})
    with pytest.raises(ValueError, match="nginx"):
        await open_client(replace(core, settings=wrong))
