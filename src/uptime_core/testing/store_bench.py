"""A store under test, what it should hold, and other eyes on it."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, cast

from uptime_core.quarantine import NOBODY
from uptime_core.testing.back_ends import StoreBackEnd
from uptime_core.testing.failures import keeps, require_same
from uptime_core.testing.store_model import StoreModel
from uptime_core.testing.store_reading import require_data, require_held, require_result
from uptime_core.testing.store_samples import as_rows, as_schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from uptime_core.abc import Store
    from uptime_core.capabilities import SupportsIngest
    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput
    from uptime_core.quarantine import Quarantine
    from uptime_core.testing.store_model import PollRow, WeekRow


class StoreBench:
    """A store in a folder of its own, and a model of what it should hold.

    What goes in is given to the store and to the model, and all that can be read is
    compared: from the store, from another one of the same folder if they may share it,
    and from the folder itself if the back end can read it.

    Args:
        back_end: Makes the stores.
        folder: An empty folder.

    Attributes:
        model: What the store should hold.
    """

    def __init__(self, back_end: StoreBackEnd, folder: Path) -> None:
        self.back_end = back_end
        self.folder = folder
        self.model: StoreModel = StoreModel()
        self._numbers = count()
        self._opened: list[Store] = []
        self._store: Store | None = None
        self._second: Store | None = None

    @property
    def store(self) -> Store:
        """The store under test, made when it is first asked for."""
        if self._store is None:
            self._store = self.open()
        return self._store

    @property
    def second(self) -> Store:
        """Another store of the same data, or the same one where there is no other."""
        if self._second is None:
            self._second = self.open() if self.back_end.shared else self.store
        return self._second

    def take_turns(self) -> None:
        """Let the other store of the data be the one under test, if there is one."""
        if self.back_end.shared:
            self._store, self._second = self.second, self.store

    def open(self) -> Store:
        """One more store of the folder."""
        return self._made(self.folder / "place")

    def elsewhere(self) -> Store:
        """A store of other data, which is empty, in a folder of the same name."""
        return self._made(self.folder / f"elsewhere-{next(self._numbers)}" / "place")

    def anew(self) -> StoreBench:
        """Another bench, with another folder and nothing in it."""
        folder = self.folder / f"anew-{next(self._numbers)}"
        folder.mkdir()
        return StoreBench(self.back_end, folder)

    def _made(self, place: Path) -> Store:
        place.mkdir(parents=True, exist_ok=True)
        store = self.back_end.make_store(place)
        self._opened.append(store)
        return store

    def close(self) -> None:
        """Close all stores."""
        for store in self._opened:
            with suppress(Exception):  # there are checks of that
                store.close()

    def reopen(self, *, close: bool = True) -> None:
        """Go on with a new store of the folder, as after a restart.

        Args:
            close: Close the stores before it; those that are not shared are closed in
                any case.
        """
        if close or not self.back_end.shared:
            self.close()
        self._store = self._second = None

    def put(
        self,
        polls: Iterable[PollRow] = (),
        hours: Mapping[str, Sequence[WeekRow]] | None = None,
        timezones: Mapping[str, str] | None = None,
    ) -> None:
        """Let the store hold something, by other means than itself if there are any."""
        rows = list(polls)
        self.model.add_polls(rows)
        self.model.set_hours(hours or {})
        self.model.set_timezones(timezones or {})
        if type(self.back_end).write_raw is not StoreBackEnd.write_raw:
            self.reopen()
            place = self.folder / "place"
            place.mkdir(parents=True, exist_ok=True)
            self.back_end.write_raw(place, self.model.data())
            return
        writer = taking_in(self.second)
        writer.add_polls(as_rows(rows))
        writer.set_hours(as_schedules(hours or {}))
        writer.set_timezones(timezones or {})

    def add_polls(
        self,
        rows: Sequence[PollRow],
        form: Callable[[Iterable[PollRow]], PollInput] = as_rows,
        *,
        store: Store | None = None,
    ) -> None:
        """Add polls to the store and to the model, and compare what they say."""
        self.has_added(taking_in(store or self.store).add_polls(form(rows)), rows)

    def has_added(self, result: IngestResult, rows: Sequence[PollRow]) -> None:
        """Add polls to the model, and compare what the store has said of them.

        What is too old, and comes again in the same call, is expired or repeated.
        """
        horizon = self.model.horizon
        old = [row for row in rows if horizon is not None and row[1] < horizon]
        either = len(old) - len(set(old))
        require_result(result, self.model.add_polls(rows), either)

    def set_hours(
        self,
        hours: Mapping[str, Sequence[WeekRow]],
        form: Callable[[Mapping[str, Sequence[WeekRow]]], HoursInput] = as_schedules,
        *,
        replace: bool = False,
        quarantine: Quarantine = NOBODY,
        store: Store | None = None,
    ) -> None:
        """Set hours of the store and of the model, and compare what they say."""
        result = taking_in(store or self.store).set_hours(
            form(hours), replace, quarantine=quarantine
        )
        expected = self.model.set_hours(hours, replace=replace, bad=quarantine)
        require_result(result, expected)

    def set_timezones(
        self,
        timezones: Mapping[str, str],
        *,
        replace: bool = False,
        quarantine: Quarantine = NOBODY,
        store: Store | None = None,
    ) -> None:
        """Set zones of the store and of the model, and compare what they say."""
        result = taking_in(store or self.store).set_timezones(
            timezones, replace, quarantine=quarantine
        )
        expected = self.model.set_timezones(timezones, replace=replace, bad=quarantine)
        require_result(result, expected)

    def holds_in_turn(self) -> None:
        """Fail unless one store of the data holds what the model does.

        The next time it is the turn of the other one, if there is another.
        """
        self.take_turns()
        names = ("polls", "hours", "timezones", "quarantined")
        sentences = {name: f"store.{name}" for name in names}
        data, newest = self.model.data(), self.model.newest()
        require_held(self.store, data, newest, **sentences)

    def holds(
        self,
        *,
        polls: str = "store.polls",
        hours: str = "store.hours",
        timezones: str = "store.timezones",
        quarantined: str = "store.quarantined",
    ) -> None:
        """Fail unless everybody sees what the model holds.

        Args:
            polls: The sentence that is broken if the polls are others; likewise the
                next three.
            hours: Business hours.
            timezones: Time zones.
            quarantined: The shops that reports leave out.
        """
        sentences = {
            "polls": polls,
            "hours": hours,
            "timezones": timezones,
            "quarantined": quarantined,
        }
        data, newest = self.model.data(), self.model.newest()
        require_held(self.store, data, newest, **sentences)
        if self.back_end.shared:
            with keeps("store.shared", "another store of the same data"):
                require_data(self.second, data, newest, sentences)
        raw = self.back_end.read_raw(self.folder / "place")
        if raw is not None:
            with keeps(polls, "what is in the folder"):
                require_same("polls", raw.polls, data.polls)
            with keeps(hours, "what is in the folder"):
                require_same("hours", raw.hours.items(), data.hours.items())
            with keeps(timezones, "what is in the folder"):
                require_same("zones", raw.timezones.items(), data.timezones.items())


def taking_in(store: Store) -> SupportsIngest:
    """A store that takes data in, for type checkers."""
    return cast("SupportsIngest", store)
