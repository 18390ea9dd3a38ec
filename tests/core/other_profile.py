"""A core whose operator has other facts than the shipped one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.profile import SHIPPED
from core.settings import Settings
from core.wiring import Core, open_core
from tests.fakes import FakeClock, FakeProvider


@asynccontextmanager
async def with_profile(
    settings: Settings, clock: FakeClock, provider: FakeProvider, folder: Path, *changes: tuple[str, str]
) -> AsyncIterator[Core]:
    """`changes` are words of the shipped file, each once in it, and what stands in their place."""
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "profile.toml"
    path.write_text(text, encoding="utf-8")
    other = settings.model_copy(update={"operator_profile": str(path)})
    async with open_core(other, clock=clock, wall=clock, providers=[provider]) as core:
        yield core
