"""The logger of the library, and errors as log lines tell of them.

Lines of level INFO and above have no ids of shops and no contents of rows, since logs
go further than data may. What an error says can have both, unless it is one of a file
or a system; its class is told instead, and its message at DEBUG.
"""

from __future__ import annotations

import logging

log: logging.Logger = logging.getLogger("uptime_core")
log.addHandler(logging.NullHandler())

_LONGEST_ERROR = 500


def described(error: BaseException) -> str:
    """An error's class and message, on one line, abridged."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  # an exception may do anything
        message = "(its message cannot be read)"
    text = " ".join(f"{type(error).__name__}: {message}".split())
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= _LONGEST_ERROR else f"{text[: _LONGEST_ERROR - 3]}..."


def public(error: BaseException) -> str:
    """What may be said of an error where no ids and no contents of rows may."""
    return described(error) if isinstance(error, OSError) else type(error).__name__


def warn(what: str, error: BaseException) -> None:
    """Log an error; its message and traceback are for those who ask for details."""
    log.warning("%s: %s", what, public(error))
    log.debug("%s: %s", what, described(error), exc_info=error)
