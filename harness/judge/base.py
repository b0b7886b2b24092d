"""What every judge is: a model that a metric asks about texts, in a step of its own between answers and scores.

A metric that needs a model names it in its parameter `judge` (a kind of this folder and its parameters) and says with
`questions` what is to be asked about an example. What the judge finds is stored in the run folder (`judged.parquet`),
so that scoring again loads no model. A kind is one module `harness/judge/<kind>.py` with one class of the same name in
CamelCase, a frozen keyword-only dataclass whose fields are its parameters; anything heavy is loaded on first use.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

# A question and a finding are plain JSON values: they are hashed, and stored.
Question = Mapping[str, Any]
Finding = Any


class Judge(Protocol):
    """Answers questions about texts; which keys a question has, the kind's docstring says.

    Beside what is below, a kind may have any of these; what it has not is not called:

    - `check() -> None`: looks, without loading weights, whether it can be asked, before anything is asked or written.
    - `load() -> None`: loads weights, before a new run folder is touched; raises `ResourceError` if they are unusable.
    - `stream(questions) -> Iterator[list[tuple[int, Finding]]]`: findings as they come, in any order, each with its
      question's place; now and then an empty list, so that a run can be stopped. Asked instead of `judge`: what came
      before a fault is kept.

    - `spent() -> dict[str, Any]`: what its findings cost since it was made, for `run.json`: `usage` (counts, the same
      names every time), `cost` (a number or null) and `answered_by` (what an endpoint called itself); empty where it
      counts nothing.
    - `estimate(questions) -> float | None`: at most what asking these would cost; NaN where that cannot be reckoned.

    Equal judges of one process are one object, whichever metrics name them, so that counts are of all of them.

    A finding that is an object with `bin` says why there is none; those whose `bin` is `failed` are asked again when
    the run's command is given again.
    """

    # The keys of a question; a metric and its judge fit together when they name the same.
    asks: ClassVar[tuple[str, ...]]

    def signature(self) -> dict[str, Any]:
        """Everything that moves a finding, as JSON values; weights by their fingerprint.

        Raises:
            ResourceError: Weights or a package that it needs are not on this machine.
        """
        ...

    def judge(self, questions: Sequence[Question]) -> list[Finding]:
        """A finding per question, in the same order; None where the judge has none (its reply was no finding)."""
        ...
