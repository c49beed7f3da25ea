"""How a failure names the sentence of the contract that was broken."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from uptime_core.testing.contract import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from uptime_core.abc import ReportSink, Store

Raised = TypeVar("Raised", bound=Exception)

_LONGEST = 300


class BrokenContractError(AssertionError):
    """A store or a sink does not keep to a sentence of its contract.

    Args:
        sentence_id: Which sentence, as in `CONTRACT`.
        told: What was done, what should have come of it, and what did.

    Attributes:
        sentence: The sentence.
    """

    def __init__(self, sentence_id: str, told: str) -> None:
        self.sentence_id = sentence_id
        self.sentence: str = CONTRACT[sentence_id]
        self.told = told
        super().__init__(f"{self.sentence}\n[{sentence_id}] {told}")


class ManyBrokenError(AssertionError):
    """A store or a sink does not keep to some sentences of its contract.

    Args:
        back_end: What was checked.
        broken: By the name of the check, what it found.
    """

    def __init__(
        self, back_end: str, broken: Mapping[str, BrokenContractError]
    ) -> None:
        self.broken: dict[str, BrokenContractError] = dict(broken)
        found = [f"{name}:\n{error}" for name, error in broken.items()]
        super().__init__("\n\n".join([f"{back_end} breaks its contract", *found]))


@contextmanager
def keeps(sentence_id: str, doing: str = "") -> Iterator[None]:
    """Take whatever error leaves the block for a break of this sentence.

    Args:
        sentence_id: The sentence; that of an inner block goes first.
        doing: What is done in the block, for the message.

    Raises:
        BrokenContractError: There was an error.
    """
    try:
        yield
    except BrokenContractError:
        raise
    except Exception as error:
        told = str(error)
        if not isinstance(error, AssertionError):
            told = f"it raised {type(error).__name__}: {error}"
        raise BrokenContractError(
            sentence_id, f"{doing}: {told}" if doing else told
        ) from error


def require(holds: object, told: str) -> None:
    """Fail unless something holds.

    Raises:
        AssertionError: It does not.
    """
    if not holds:
        raise AssertionError(told)


def require_equal(what: str, got: object, expected: object) -> None:
    """Fail unless two values are equal.

    Raises:
        AssertionError: They are not.
    """
    if got != expected:
        raise AssertionError(f"{what} is {_short(got)} instead of {_short(expected)}")


def require_same(what: str, got: Iterable[object], expected: Iterable[object]) -> None:
    """Fail unless there are the same values, in whatever order.

    Raises:
        AssertionError: Some are missing, or should not be there.
    """
    have, want = set(got), set(expected)
    told = [
        f"{len(some)} {word}, such as {', '.join(map(_short, _few(some)))}"
        for some, word in ((want - have, "missing"), (have - want, "too many"))
        if some
    ]
    if told:
        raise AssertionError(f"{what}: {'; '.join(told)}")


def _few(values: set[object]) -> list[object]:
    return sorted(values, key=repr)[:3]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def require_closes(opened: Callable[[], Store | ReportSink]) -> None:
    """Fail unless a block closes a store or a sink, which can be closed once more.

    Args:
        opened: Gives one that is open.

    Raises:
        AssertionError: It is not closed, or the block gives another object, or an
            exception does not leave it.
    """
    closed: list[bool] = []
    one = opened()
    close = one.close

    def note() -> None:
        closed.append(True)
        close()

    with suppress(AttributeError):
        object.__setattr__(one, "close", note)
    watched = one.close is note
    with one as entered:
        require(entered is one, "the block is given another object")
    require(closed or not watched, "the block does not close it")
    one.close()
    try:
        with opened():
            raise ZeroDivisionError  # noqa: TRY301  # to see whether it passes
    except ZeroDivisionError:
        return
    require(holds=False, told="the block swallows an exception")


def require_raises(error: type[Raised], call: Callable[[], object]) -> Raised:
    """The error that a call raises; fail unless it is of that class.

    Raises:
        AssertionError: It raised none, or another one.
    """
    try:
        got = call()
    except error as caught:
        return caught
    raise AssertionError(f"it gave {_short(got)} instead of a {error.__name__}")
