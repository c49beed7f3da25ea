"""Locks in forked processes."""

from __future__ import annotations

import os
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import threading

import pytest

from uptime_core.forks import ForkSafeLock


def status_of_a_child(lock: ForkSafeLock) -> int:
    """0 if a child gets the lock, twice; killed by an alarm if it waits for ever."""
    import signal  # noqa: PLC0415  # of systems that have forks

    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        with lock, lock:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_lock_keeps_other_threads_out_and_lets_its_own_in() -> None:
    lock = ForkSafeLock()
    got_it = threading.Event()

    def take() -> None:
        with lock:
            got_it.set()

    with lock, lock:
        thread = threading.Thread(target=take)
        thread.start()
        assert not got_it.wait(0.05)
    thread.join(5)
    assert got_it.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_gets_a_lock_that_another_thread_held_at_the_fork() -> None:
    lock = ForkSafeLock()
    held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert status_of_a_child(lock) == 0
    finally:
        end.set()
        thread.join()
    with lock:
        assert status_of_a_child(lock) == 0
    assert status_of_a_child(lock) == 0


def test_a_pickled_lock_is_a_free_one() -> None:
    lock = ForkSafeLock()
    with lock:
        copy = pickle.loads(pickle.dumps(lock))  # noqa: S301  # our own
    assert isinstance(copy, ForkSafeLock)
    with copy:
        pass
