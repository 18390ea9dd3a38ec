"""Jobs: rounds that follow each other, wait for a wake-up, and outlive their troubles."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core import jobs as jobs_module
from core.jobs import Job, Jobs
from core.messages.wakeups import LocalWakeups
from tests.deadlines import until


class Work:
    """A job's work that counts its rounds, and does what it is told in each."""

    def __init__(self, *amounts: int | Exception) -> None:
        self.rounds = 0
        self._amounts = list(amounts)

    async def once(self) -> int:
        self.rounds += 1
        amount = self._amounts.pop(0) if self._amounts else 0
        if isinstance(amount, Exception):
            raise amount
        return amount


@asynccontextmanager
async def _running(*jobs: Job, wakeups: LocalWakeups | None = None) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Jobs(list(jobs), wakeups or LocalWakeups()).run())
        yield
        running.cancel()


def _job(once: Callable[[], Awaitable[int]], *, every: float = 3600.0) -> Job:
    return Job("work", once, every, "topic")


async def test_work_goes_on_until_there_is_none_and_then_waits_for_a_wakeup() -> None:
    work, wakeups = Work(5, 5, 0, 1, 0), LocalWakeups()
    async with _running(_job(work.once), wakeups=wakeups):
        await until(lambda: work.rounds == 3)
        wakeups.notify({"topic"})
        await until(lambda: work.rounds == 5)
        wakeups.notify({"another"})
        await asyncio.sleep(0)
        assert work.rounds == 5


async def test_a_lost_wakeup_costs_a_poll() -> None:
    work = Work()
    async with _running(_job(work.once, every=0.01)):
        await until(lambda: work.rounds >= 3)


async def test_trouble_in_one_job_stops_neither_it_nor_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs_module, "AFTER_TROUBLE_SECONDS", 0.01)
    troubled, well = Work(ValueError("a secret"), ExceptionGroup("payments", [ValueError()]), 0), Work()
    async with _running(_job(troubled.once, every=0.01), _job(well.once, every=0.01)):
        await until(lambda: troubled.rounds >= 3 and well.rounds >= 3)
    assert "job failed" in capsys.readouterr().out


async def test_a_round_under_way_is_finished_before_the_end() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    finished = []

    async def once() -> int:
        begun.set()
        await may_end.wait()
        finished.append(True)
        return 1

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Jobs([_job(once)], LocalWakeups()).run())
        await begun.wait()
        running.cancel()
        await asyncio.sleep(0)
        assert not running.done()
        may_end.set()
    assert finished == [True]


async def test_while_jobs_are_held_no_loop_works_and_afterwards_all_do() -> None:
    work, wakeups = Work(), LocalWakeups()
    jobs = Jobs([_job(work.once)], wakeups)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(jobs.run())
        await until(lambda: work.rounds == 1)
        async with jobs.held():
            wakeups.notify({"topic"})
            for _ in range(10):
                await asyncio.sleep(0)
            assert work.rounds == 1
            assert await jobs.run_all_once() == 0
        await until(lambda: work.rounds == 3)
        running.cancel()


async def test_who_holds_the_jobs_waits_for_the_round_under_way() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    held = []

    async def once() -> int:
        begun.set()
        await may_end.wait()
        return 0

    jobs = Jobs([_job(once)], LocalWakeups())

    async def hold() -> None:
        async with jobs.held():
            held.append(True)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(jobs.run())
        await begun.wait()
        holding = tasks.create_task(hold())
        await asyncio.sleep(0)
        assert held == []
        may_end.set()
        await holding
        assert held == [True]
        running.cancel()


async def test_one_round_of_all_tells_how_much_was_done() -> None:
    assert await Jobs([_job(Work(2).once), _job(Work(3).once)], LocalWakeups()).run_all_once() == 5
