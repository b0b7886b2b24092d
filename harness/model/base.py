"""What every kind of model is: parameters, a signature and answers.

A kind is one module `harness/model/<kind>.py` with one class of the same name in CamelCase, a frozen keyword-only
dataclass whose fields are its parameters. The constructor only stores; anything heavy (weights, an index, a library)
is loaded on first use by a `functools.cached_property`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol

from harness.records import Answer, Input, TaskName

# What a kind may learn from: nothing; gold of folds other than the one it answers; the answers themselves (an upper
# bound, marked so and left out of rankings).
GoldUse = Literal["none", "folds", "oracle"]


class Model(Protocol):
    """One kind of model, set up to answer one task.

    Beside what is below, a kind may have any of these; what it has not is not called:

    - `batch_size: int`: examples per batch where the engine sets none; otherwise 64.
    - `selects_sentences: bool`: whether it returns sentence ids, and so is asked for style `extract`.
    - `unavailable() -> str | None`: why it cannot answer the task after all, which is then skipped.
    - `prepare(examples, corpus) -> None`: called once before the first answer. The examples carry their gold only where
      `gold` is `folds` or `oracle`.
    - `examples_from: str | None` and `show(examples) -> None`: the split of whose documents it is shown examples with
      gold, before `prepare`; none of a document that is evaluated is among them.
    - `neutral: frozenset[str]`: parameters that never move an answer, so that answers are kept when they change.
    - `remarks: tuple[str, ...]`: what it found in `prepare` that a user should know, one line each, for stderr.
    - `check(inputs) -> list[str]`: what is wrong with the inputs (too long for `overlong=error`), before any is asked.
    - `stream(inputs) -> Generator[list[tuple[Input, Answer]]]`: for kinds that wait for somebody else: every answer
      once, as they come; now and then an empty list, so that whoever asks can stop. Called in place of `answer`.
    - `spent() -> dict[str, Any]`: what its answers of this process cost, for `run.json`: `cost` (a number or null),
      `usage` (counts), and whatever else is worth keeping.
    - `estimate(inputs) -> float | None`: at most what asking these would cost; NaN where that cannot be reckoned.
    - `load() -> None`: loads weights, before the run folder is touched; raises `ResourceError` if they cannot be used.
    """

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
