"""What every kind of model is: parameters, a signature and answers.

A kind is one module `harness/model/<kind>.py` with one class of the same name in CamelCase, a frozen keyword-only
dataclass whose fields are its parameters. The constructor only stores; anything heavy (weights, an index, a library)
is loaded on first use by a `functools.cached_property`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from harness.records import Answer, Example, Input, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus

# What a kind may learn from: nothing; gold of folds other than the one it answers; the answers themselves (an upper
# bound, marked so and left out of rankings).
GoldUse = Literal["none", "folds", "oracle"]


class Model(Protocol):
    """One kind of model, set up to answer one task."""

    tasks: ClassVar[tuple[TaskName, ...]]
    gold: ClassVar[GoldUse]

    def signature(self) -> dict[str, Any]:
        """Everything that moves an answer, as JSON values: parameters, and for weights their fingerprint.

        Part of the key under which answers are kept, so batch size and device do not belong here.

        Raises:
            ResourceError: Weights or a package that it needs are not on this machine.
        """
        ...

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Answers a batch: one answer per input, in the same order.

        An input it cannot answer gets an `Answer` with another `bin` than `scored` and a `reason`; an exception fails
        the whole batch, which is then asked again one by one.
        """
        ...


class Preparing(Protocol):
    """A model that has to see the run's examples first: one that learns from folds, an oracle, stored predictions."""

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Called once before `answer`. `examples` carry their gold only for kinds whose `gold` is not `none`."""
        ...
