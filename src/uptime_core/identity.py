"""What tells an object from all others, in its own process."""

from __future__ import annotations

import os
import weakref
from functools import partial

from uptime_core.forks import ForkSafeLock, process_token

_known: dict[int, tuple[weakref.ref[object], str, str]] = {}
_lock = ForkSafeLock()


def own_identity(thing: object) -> str:
    """A text that this object has in this process, and nothing else ever has.

    A copy has another one, and so has the object in a forked process. One of the few
    objects that take no weak reference gets another one with each call.
    """
    number, process = id(thing), process_token()
    with _lock.lock:
        known = _known.get(number)
        if known is not None and known[0]() is thing and known[1] == process:
            return known[2]
        kind = f"{type(thing).__module__}.{type(thing).__qualname__}"
        text = f"{kind}:{os.urandom(16).hex()}"
        try:
            reference = weakref.ref(thing, partial(_forget, number))
        except TypeError:
            return text
        _known[number] = reference, process, text
    return text


def _forget(number: int, reference: weakref.ref[object]) -> None:
    """An object is gone; its number may be that of another one by now."""
    known = _known.get(number)
    if known is not None and known[0] is reference:
        _known.pop(number, None)
