"""The command line: ``python -m uptime_core report --polls polls.csv``."""

from __future__ import annotations

import gc
import os
import sys

if __name__ == "__main__":
    # numpy would start threads for matrices, which spin on the other cores for a while.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from typing import TYPE_CHECKING, TextIO

from uptime_core.errors import UptimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What follows the program's name; by default the process's own.
    """
    try:
        return _run(arguments)
    except UptimeError as error:
        return _fail(str(error))
    except BrokenPipeError:
        _discard(sys.stdout)  # who reads our output has seen enough
        return 0
    except OSError as error:
        if error.filename is None:
            _discard(sys.stdout)
        name = "standard output" if error.filename is None else error.filename
        return _fail(f"{os.fsdecode(name)}: {error.strerror or error}")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    # Here, so that an interrupt while these are loaded is one like any other. Nothing
    # of them is garbage: to look for some meanwhile takes 5 ms, and later, in a program
    # that keeps them to its end, 3 % of a report's time.
    looks_for_garbage = gc.isenabled()
    gc.disable()
    try:
        from uptime_core import commands  # noqa: PLC0415
        from uptime_core.arguments import parse  # noqa: PLC0415

        if arguments is None:
            gc.freeze()
    finally:
        if looks_for_garbage:
            gc.enable()

    try:
        options = parse(arguments)
    except SystemExit:  # after --help or --version
        if sys.stdout is not None:
            sys.stdout.flush()
        return 0
    command = {
        "report": commands.report,
        "load": commands.load,
        "check": commands.check,
    }[options.command]
    line, code = command(options)
    _say(line)
    return code


def _fail(message: str) -> int:
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    _say(f"uptime_core: error: {line}")
    return EXIT_BAD_INPUT


def _say(line: str) -> None:
    """Write to standard error, if there is one that takes it."""
    if sys.stderr is None:
        return
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO | None) -> None:
    """Let what is left in a stream's buffer go nowhere when the process ends."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _program() -> int:
    code = main()
    # The interpreter would look for garbage in all that ends with the process anyway:
    # 5 % of a report's time.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(_program())
