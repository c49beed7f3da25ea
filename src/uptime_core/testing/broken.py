"""What is broken on purpose, and which sentences of the contract that breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BackEnd = TypeVar("BackEnd")
Broken = TypeVar("Broken")


@attrs.frozen
class Fault(Generic[BackEnd]):
    """Something that is broken in one place.

    Attributes:
        name: Its name.
        told: What is wrong with it.
        sentences: The ids of the sentences that it breaks; a suite should name one.
        back_end: Makes it.
    """

    name: str
    told: str
    sentences: tuple[str, ...]
    back_end: BackEnd


class Faults(Generic[BackEnd]):
    """The faults of a module, in their order.

    Args:
        back_end_of: Makes the back end of a function, that takes a folder, and of
            promises.
        promises: What all of these promise.
    """

    def __init__(
        self,
        back_end_of: Callable[[Callable[[Path], Any], dict[str, bool]], BackEnd],
        **promises: bool,
    ) -> None:
        self._back_end_of = back_end_of
        self._promises = promises
        self._all: list[Fault[BackEnd]] = []

    def __call__(
        self, *sentences: str, file: str | None = None, **promises: bool
    ) -> Callable[[type[Broken]], type[Broken]]:
        """Decorate a class that breaks one of these sentences.

        Args:
            sentences: Their ids.
            file: The name of the file that it is given, if it is given one.
            promises: What it promises besides.
        """

        def note(broken: type[Broken]) -> type[Broken]:
            made: Callable[..., Any] = broken

            def make(folder: Path) -> Any:  # noqa: ANN401  # a store or a sink
                return made() if file is None else made(folder / file)

            told = (broken.__doc__ or "").partition("\n")[0]
            back_end = self._back_end_of(make, {**self._promises, **promises})
            self._all.append(Fault(broken.__name__, told, sentences, back_end))
            return broken

        return note

    def __iter__(self) -> Iterator[Fault[BackEnd]]:
        return iter(self._all)
