"""What every engine is: it asks a model in batches and hands back each batch as soon as it is answered."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Protocol

from harness.files import canonical_json
from harness.journal import answer_to_json
from harness.model.base import Model
from harness.records import BINS, Answer, Entity, Input

_ENTITY = attrgetter(*(field.name for field in fields(Entity)))
_ANSWER = attrgetter(*(field.name for field in fields(Answer) if field.name not in ("entities", "mentions")))

# Called after every batch, in the order answered; it must have stored the answers when it returns.
Commit = Callable[[Sequence[Input], Sequence[Answer]], None]


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """A signal asked the run to stop; what was answered has been committed.

    Args:
        signal_number: The signal, for the exit code 128 + number.
    """

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number
        super().__init__(f"by signal {signal_number}; what was answered is kept, give the same command again to go on")


class Engine(Protocol):
    """A frozen keyword-only dataclass; its fields are its parameters."""

    def run(self, model: Model, inputs: Sequence[Input], commit: Commit, stop: Callable[[], int | None]) -> None:
        """Answers every input exactly once.

        Args:
            model: A prepared model.
            inputs: What is to be asked.
            commit: Stores a batch.
            stop: The signal that asks the run to stop, or None; looked at between batches.

        Raises:
            Stopped: `stop` returned a signal.
        """
        ...


def checked_answers(answers: Sequence[Answer], batch: Sequence[Input]) -> list[Answer]:
    """The answers to a batch, each of them fit to be stored; one that is not costs itself.

    Raises:
        ValueError: Not one answer per input, so that none can be told whose it is.
    """
    if len(answers) != len(batch):
        raise ValueError(f"the model gave {len(answers)} answers to {len(batch)} inputs")
    return [answer if _sound(answer) else _storable(answer) for answer in answers]


def _sound(answer: Answer) -> bool:
    """Whether an answer of usual types can be stored: a look at values alone, since writing their names costs more."""
    if not isinstance(answer, Answer) or answer.bin not in BINS or answer.mentions is not None:
        return False
    if not isinstance(answer.entities, tuple | None):
        return False
    try:
        canonical_json([_ANSWER(answer), *map(_ENTITY, answer.entities or ())]).encode("utf-8")
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def _storable(answer: Answer) -> Answer:
    if not isinstance(answer, Answer) or answer.bin not in BINS:
        return Answer(bin="failed", reason=f"the model gave no answer of a known bin but {answer!r}"[:500])
    try:
        answer_to_json(answer).encode("utf-8")
    except UnicodeEncodeError:
        return Answer(bin="unparsed", reason="the answer holds half of a surrogate pair, which is no text")
    except ValueError:
        return Answer(bin="nonfinite", reason="the answer holds a number that is infinite or none at all")
    except (AttributeError, TypeError) as error:
        return Answer(bin="failed", reason=f"the answer cannot be stored: {error}"[:500])
    return answer
