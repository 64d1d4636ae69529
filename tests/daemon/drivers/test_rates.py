"""The rate of calls to an API is what the API allows: it is learned from the answers, within bounds."""

from __future__ import annotations

import asyncio

from daemon.clock import ManualClock
from daemon.drivers.rates import LEAST, LONGEST_PAUSE, MOST, TokenBucket


async def passed(bucket: TokenBucket, clock: ManualClock, seconds: float, callers: int = 400) -> int:
    """How many of so many callers come through within so many seconds."""
    through = 0

    async def call() -> None:
        nonlocal through
        await bucket.take()
        through += 1

    calls = [asyncio.create_task(call()) for _ in range(callers)]
    for _ in range(int(seconds * 10)):
        clock.advance(0.1)
        for _ in range(3):
            await asyncio.sleep(0)
    for one in calls:
        one.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    return through


async def test_a_refusal_halves_the_rate_once_for_all_calls_that_were_on_their_way() -> None:
    bucket = TokenBucket(20, clock := ManualClock())
    for _ in range(10):
        bucket.refused(None)
    assert bucket.rate == 10
    clock.advance(2)
    bucket.refused(None)
    assert bucket.rate == 5


async def test_nobody_calls_before_the_time_that_the_other_side_named() -> None:
    bucket = TokenBucket(20, clock := ManualClock())
    bucket.refused(8.0)
    assert await passed(bucket, clock, 7.9, callers=5) == 0
    assert await passed(bucket, clock, 2.0) > 0


async def test_a_time_without_measure_does_not_silence_an_api_for_hours() -> None:
    bucket = TokenBucket(20, clock := ManualClock())
    bucket.refused(6 * 3600.0)
    assert await passed(bucket, clock, LONGEST_PAUSE - 1, callers=5) == 0
    assert await passed(bucket, clock, 3) > 0


async def test_the_rate_grows_while_it_makes_calls_wait_and_is_not_refused_up_to_its_bound() -> None:
    bucket = TokenBucket(20, clock := ManualClock())
    clock.advance(5)
    await bucket.take()
    assert bucket.rate == 20, "nobody waited"
    for _ in range(20):
        await passed(bucket, clock, 1.0, callers=200)
    grown = bucket.rate
    assert 25 < grown <= 20 * MOST
    for _ in range(100):
        await passed(bucket, clock, 1.0, callers=400)
    assert bucket.rate <= 20 * MOST


async def test_however_often_it_is_refused_it_goes_on_asking() -> None:
    bucket = TokenBucket(20, clock := ManualClock())
    for _ in range(50):
        bucket.refused(None)
        clock.advance(2)
    assert bucket.rate == LEAST
