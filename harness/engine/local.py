"""Runs batches one after the other in this process."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from harness.engine.base import Commit, Stopped, checked_answers
from harness.errors import HarnessError
from harness.model.base import Model
from harness.model.budget import out_of_memory
from harness.records import Answer, Input

# After these every later call on that device fails, whatever its input.
POISON = (
    "device-side assert",
    "illegal memory access",
    "unspecified launch failure",
    "misaligned address",
    "uncorrectable ECC error",
)
# A batch of long texts ends here, so that its answers are kept, and a signal is seen, before minutes have gone by.
CHARACTERS = 2**16


@dataclass(frozen=True, kw_only=True)
class Local:
    """The engine of a single machine.

    A batch that does not fit into memory is halved, down to one example; one that fails otherwise is asked again
    example by example, so that a bad example costs itself and nothing else.

    Args:
        batch_size: Examples per batch, fewer where they are long; None takes the model's own `batch_size`, or 64.
    """

    batch_size: int | None = None

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")

    def run(self, model: Model, inputs: Sequence[Input], commit: Commit, stop: Callable[[], int | None]) -> None:
        """Longest inputs first, so that running out of memory shows at the start; ties in the order given.

        A model that streams has its own order, and no batches.
        """
        if hasattr(model, "stream"):
            _streamed(model.stream(inputs), len(inputs), commit, stop)
            return
        size = self.batch_size or int(getattr(model, "batch_size", 64))
        ordered = sorted(inputs, key=lambda one: -len(one.text))
        done = 0
        while done < len(ordered):
            signal_number = stop()
            if signal_number is not None:
                raise Stopped(signal_number)
            batch = _fitting(ordered[done : done + size])
            try:
                answers = checked_answers(model.answer(batch), batch)
            except HarnessError:
                raise
            except Exception as error:  # a model may raise anything; what cannot be mended is a ledger row
                if _poisoned(error):
                    raise
                if len(batch) > 1:
                    # After a lack of memory the smaller size is kept; any other fault is looked for one by one.
                    if out_of_memory(error):
                        size = max(1, len(batch) // 2)
                        continue
                    answers = [_alone(model, one) for one in batch]
                else:
                    answers = [_failed(error)]
            commit(batch, answers)
            done += len(batch)


def _fitting(waiting: list[Input]) -> list[Input]:
    """The first of these inputs: no more than `CHARACTERS` in all, unless the first has more by itself."""
    count = characters = 0
    for one in waiting:
        characters += len(one.text)
        if count and characters > CHARACTERS:
            break
        count += 1
    return waiting[:count]


def _streamed(
    batches: Generator[list[tuple[Input, Answer]], None, None],
    expected: int,
    commit: Commit,
    stop: Callable[[], int | None],
) -> None:
    """Commits answers as they come; closing the stream ends what it still waits for."""
    seen = 0
    with closing(batches) as coming:
        for batch in coming:
            if batch:
                inputs = [one for one, _ in batch]
                commit(inputs, checked_answers([answer for _, answer in batch], inputs))
                seen += len(batch)
            signal_number = stop()
            if signal_number is not None:
                raise Stopped(signal_number)
    if seen != expected:
        raise ValueError(f"the model gave {seen} answers to {expected} inputs")


def _alone(model: Model, one: Input) -> Answer:
    try:
        return checked_answers(model.answer([one]), [one])[0]
    except HarnessError:
        raise
    except Exception as error:
        if _poisoned(error):
            raise
        return _failed(error)


def _failed(error: Exception) -> Answer:
    reason = "oom" if out_of_memory(error) else f"{type(error).__name__}: {error}"
    return Answer(bin="failed", reason=reason[:500])


def _poisoned(error: BaseException) -> bool:
    said = str(error)
    return any(sign in said for sign in POISON)
