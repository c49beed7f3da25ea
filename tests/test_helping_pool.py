"""Threads, and a caller that works too."""

from __future__ import annotations

from threading import Barrier, Event, get_ident
from typing import NoReturn

import pytest

from uptime_core.helping_pool import HelpingPool


def test_the_caller_works_while_the_threads_do() -> None:
    is_over = Event()
    with HelpingPool(2) as pool:
        waiting = pool.submit(is_over.wait, 60)
        mine = pool.submit(get_ident)
        assert mine.result(0) == get_ident()
        is_over.set()
        assert waiting.result(60)
        assert pool.submit(get_ident).result(60) != get_ident()


def test_as_many_work_as_were_asked_for() -> None:
    meeting = Barrier(3)
    with HelpingPool(3) as pool:
        places = [pool.submit(meeting.wait, 60) for _ in range(3)]
        assert sorted(place.result(60) for place in places) == [0, 1, 2]


def fail() -> NoReturn:
    raise ZeroDivisionError


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_what_work_raises_is_raised_by_its_result() -> None:
    is_over = Event()
    with HelpingPool(2) as pool:
        first = pool.submit(fail)
        with pytest.raises(ZeroDivisionError):
            first.result(60)
        pool.submit(is_over.wait, 60)
        here = pool.submit(fail)
        with pytest.raises(ZeroDivisionError):
            here.result(0)
        with pytest.raises(KeyboardInterrupt):
            pool.submit(interrupt)
        is_over.set()


def test_after_its_end_it_takes_no_work() -> None:
    pool = HelpingPool(2)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(get_ident)
