"""One report on an executor: blocks of shops, a few of them in flight."""

from __future__ import annotations

from collections import deque
from concurrent.futures import CancelledError, wait
from typing import TYPE_CHECKING, Any

import attrs

from uptime_core.computation import SHOPS_PER_BLOCK, Computation, PartSums
from uptime_core.snapshot import LoadsParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future

    from uptime_core.computation import BlockSums
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.request import ReportRequest
    from uptime_core.snapshot import SnapshotLike

IN_FLIGHT = 8
"""Blocks that are with an executor, enough for eight cores."""

_PATIENCE_SECONDS = 0.25
_SHUT_DOWN = "the executor takes no more work; make one, and a manager with it"


class StopRunError(Exception):
    """The report is not to be finished here."""


@attrs.define(eq=False)
class Run:
    """A report that is being made in this process.

    Attributes:
        job: As it was when it was last written.
        done: Shops that are computed.
        total: Shops in all, as far as known.
        deadline: Until when it may run, on the monotonic clock.
        is_stopped: Whether it is not to go on; it sees that itself.
    """

    job: Job
    deadline: float
    done: int = 0
    total: int = 0
    is_stopped: bool = False


class ExecutorShutDownError(Exception):
    """The executor takes no more work, as when the process is about to end."""


def run(
    snapshot: SnapshotLike,
    request: ReportRequest,
    executor: Executor,
    *,
    in_flight: int = IN_FLIGHT,
    tell: Callable[[int], None] = lambda _: None,
) -> Report:
    """Compute a report on an executor.

    Blocks are read as they are needed, so that memory holds `in_flight` of them.

    Args:
        snapshot: What the report reads.
        request: What was asked for; its `as_of` is fixed.
        executor: What computes the blocks, in threads or in processes.
        in_flight: How many blocks are with the executor at a time, at most.
        tell: Called with the number of shops done, before the first block, after each,
            and now and then; what it raises ends the computation.

    Raises:
        ExecutorShutDownError: The executor takes no more work.
    """
    computation = Computation(request, SHOPS_PER_BLOCK)
    waiting: deque[Future[BlockSums | PartSums]] = deque()
    sums: list[BlockSums] = []
    done = 0

    def collect() -> None:
        nonlocal done
        future = waiting[0]
        while not wait([future], _PATIENCE_SECONDS).done:
            tell(done)  # so that the run ends, whatever becomes of the executor
        waiting.popleft()
        try:
            result = future.result()
        except CancelledError:
            raise ExecutorShutDownError(_SHUT_DOWN) from None
        new = computation.add(result) if isinstance(result, PartSums) else (result,)
        sums.extend(new)
        done += sum(len(block.last_poll) for block in new)
        tell(done)

    try:
        tell(0)
        for work, piece in _pieces(computation, snapshot):
            if len(waiting) >= in_flight:
                collect()
            try:
                future = executor.submit(work, piece)
            except RuntimeError as error:
                if type(error) is RuntimeError:  # BrokenExecutor is a fault, not an end
                    raise ExecutorShutDownError(_SHUT_DOWN) from error
                raise
            waiting.append(future)
        while waiting:
            collect()
    finally:
        for future in waiting:
            future.cancel()
    return computation.report(sums)


def _pieces(
    computation: Computation, snapshot: SnapshotLike
) -> Iterator[tuple[Callable[[Any], BlockSums | PartSums], object]]:
    """What is to be called with what.

    Parts are loaded where they are computed, if they can be; so that is shared, too.
    """
    if isinstance(snapshot, LoadsParts):
        for loader in snapshot.loaders():
            yield computation.compute_part, loader
        return
    for block in computation.blocks(snapshot):
        yield computation.compute, block
