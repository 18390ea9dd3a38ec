"""Batches: fewer commits under load, none later without it."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from sqlalchemy.exc import DataError, DBAPIError

from core.storage.batch import Batch


class Works:
    """Doubles numbers, a batch at a time, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.let.wait()
        if 13 in items:
            raise ValueError("13")
        return [item * 2 for item in items]


async def test_what_comes_meanwhile_is_one_batch() -> None:
    works = Works()
    batch = Batch(works)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(batch.put(item)) for item in range(5)]
        await asyncio.sleep(0)
        works.let.set()
    assert [task.result() for task in tasks] == [0, 2, 4, 6, 8]
    assert list(chain(*works.batches)) == [0, 1, 2, 3, 4]
    assert len(works.batches) <= 2


async def test_trouble_reaches_everyone_in_the_batch_and_nobody_after() -> None:
    works = Works()
    works.let.set()
    batch = Batch(works)
    results = await asyncio.gather(batch.put(1), batch.put(13), return_exceptions=True)
    assert any(isinstance(result, ValueError) for result in results)
    assert await batch.put(4) == 8


async def test_what_the_database_refuses_of_one_spoils_nothing_of_the_others() -> None:
    async def work(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise DataError("insert", {}, ValueError("13"))
        return items

    batch = Batch(work)
    results = await asyncio.gather(*(batch.put(item) for item in (1, 13, 2)), return_exceptions=True)
    assert [results[0], results[2]] == [1, 2]
    assert isinstance(results[1], DataError)


async def test_a_lost_connection_is_not_tried_by_each_of_the_batch() -> None:
    tried: list[Sequence[int]] = []

    async def work(items: Sequence[int]) -> Sequence[int]:
        tried.append(items)
        raise DBAPIError("insert", {}, ConnectionError("gone"), connection_invalidated=True)

    batch = Batch(work)
    first = asyncio.gather(*(batch.put(item) for item in (1, 2, 3)), return_exceptions=True)
    assert all(isinstance(result, DBAPIError) for result in await first)
    assert [item for items in tried for item in items] == [1, 2, 3]


async def test_a_cancelled_leader_leaves_the_others_with_an_error_that_they_can_answer() -> None:
    works = Works()
    batch = Batch(works)
    leader = asyncio.gather(batch.put(1))
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    works.let.set()
    assert await batch.put(2) == 4


async def test_a_leader_that_is_cancelled_before_his_work_leaves_all_of_it_to_the_next() -> None:
    works = Works()
    works.let.set()
    batch = Batch(works)
    async with asyncio.TaskGroup() as group:
        leader = group.create_task(batch.put(1))
        await asyncio.sleep(0)  # he waits for company
        other = group.create_task(batch.put(2))
        await asyncio.sleep(0)
        leader.cancel()
    assert other.result() == 4
    assert list(chain(*works.batches))[-1] == 2


async def test_who_is_cancelled_as_he_is_appointed_appoints_the_next() -> None:
    works = Works()
    batch = Batch(works)
    tasks: list[asyncio.Task[int]] = []

    async def lead_and_cancel_the_next() -> int:
        result = await batch.put(1)
        tasks[0].cancel()
        return result

    async with asyncio.TaskGroup() as group:
        leader = group.create_task(lead_and_cancel_the_next())
        await asyncio.sleep(0)
        tasks += [group.create_task(batch.put(item)) for item in (2, 3)]
        await asyncio.sleep(0)
        works.let.set()
    assert leader.result() == 2
    assert tasks[0].cancelled()
    assert tasks[1].result() == 6


async def test_nobody_leads_twice_at_once() -> None:
    at_once = most = 0

    async def work(items: Sequence[int]) -> Sequence[int]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return items

    batch = Batch(work)
    async with asyncio.TaskGroup() as group:
        for item in range(50):
            group.create_task(batch.put(item))
            await asyncio.sleep(0)
    assert most == 1
