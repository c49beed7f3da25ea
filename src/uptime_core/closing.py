"""What is not used any more once it is closed."""

from __future__ import annotations

from uptime_core.errors import ClosedError


class Closing:
    """Remembers that it was closed, for stores and sinks that hold nothing open."""

    _is_closed: bool = False

    def close(self) -> None:
        """Whatever is asked after that is an error; closing twice is allowed."""
        self._is_closed = True

    def _require_open(self) -> None:
        """Refuse to be used after the end.

        Raises:
            ClosedError: It was closed.
        """
        if self._is_closed:
            raise ClosedError(f"{self!r}: it is closed; make another one")
