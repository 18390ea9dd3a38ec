"""The collector rests while a process starts and passes over what start has made."""

import gc
from collections.abc import Iterator

import pytest

from commands import collector


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


def test_nothing_is_collected_until_the_process_has_started() -> None:
    collector.rest()
    assert not gc.isenabled()
    collector.begin()
    assert gc.isenabled()


def test_what_start_has_made_is_not_looked_through_again() -> None:
    made: list[list[int]] = [[] for _ in range(1000)]
    collector.begin()
    assert gc.get_freeze_count() > len(made)
