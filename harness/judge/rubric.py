"""How a language model is asked for a verdict: texts between marks that nobody can forge, and JSON as the answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from jinja2 import meta

from harness.files import sha256
from harness.model.answers import last_json
from harness.model.prompts import Prompt, environment
from harness.records import SummaryInput

# Hexadecimal digits of a nonce: 128 bits.
NONCE = 32


@dataclass(frozen=True, slots=True)
class Posed(SummaryInput):
    """A question to a judge; `text` is the document, and what an overlong policy may cut.

    Args:
        summary: What is judged.
        criterion: The quality by which it is judged.
        definition: What that quality is.
        order: Which of the two texts is shown first.
        nonce: What the marks around the texts hold.
        lowest: The worst score.
        highest: The best.
    """

    summary: str = ""
    criterion: str = ""
    definition: str = ""
    order: Literal["document_first", "summary_first"] = "document_first"
    nonce: str = ""
    lowest: int = 1
    highest: int = 5

    @property
    def texts(self) -> str:
        """Both texts, each between its marks."""
        shown = [
            f"<{name} {self.nonce}>\n{text}\n</{name} {self.nonce}>"
            for name, text in (("document", self.text), ("summary", self.summary))
        ]
        return "\n\n".join(shown if self.order == "document_first" else shown[::-1])


class VerdictPrompt(Prompt):
    """A prompt that asks for a verdict; its labels are all answers that the schema allows, as `verdicts` has them."""

    def __post_init__(self) -> None:
        """Refuses what every prompt refuses, and one that does not say what is judged."""
        super().__post_init__()
        said = meta.find_undeclared_variables(environment().parse(f"{self.system}\n{self.template}"))
        if "definition" not in said:
            raise ValueError("template: does not say {{ definition }}, so that every criterion would get one verdict")

    @property
    def variables(self) -> tuple[str, ...]:
        """What the template may say of a question."""
        return ("texts", "definition", "criterion", "lowest", "highest", "nonce")

    @property
    def answer_name(self) -> str:
        """What the schema of the answer is called."""
        return "verdict"

    def schema(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        """An object with one key, a whole number of the scale."""
        return {
            "type": "object",
            "properties": {"score": {"type": "integer", "enum": [json.loads(label)["score"] for label in labels]}},
            "required": ["score"],
            "additionalProperties": False,
        }


@dataclass(frozen=True, kw_only=True)
class JudgePrompt:
    """How a judge is asked, as a file of `conf/prompt/` with `task: judge` says.

    Args:
        template: The question, in Jinja: `texts` (document and summary, each between its marks), `criterion`,
            `definition`, `lowest`, `highest` and `nonce`, the code in the marks.
        system: What the judge is told beforehand, in Jinja with the same names.
        name: Of its file.
        about: What it is, in one sentence.
        task: What tells it from prompts that models answer tasks with.
    """

    template: str
    system: str = ""
    name: str = ""
    about: str = ""
    task: Literal["judge"] = "judge"

    def __post_init__(self) -> None:
        """Refuses templates that cannot be rendered."""
        _ = self.prompt

    @cached_property
    def prompt(self) -> VerdictPrompt:
        """The same for a model that is asked with prompts: a verdict is a label, as a stance is."""
        return VerdictPrompt(task="stance", template=self.template, system=self.system, name=self.name)


def verdicts(lowest: int, highest: int) -> tuple[str, ...]:
    """Every answer that the schema allows, as it is written, from the worst to the best.

    Example:
        >>> verdicts(1, 3)
        ('{"score": 1}', '{"score": 2}', '{"score": 3}')
    """
    return tuple(json.dumps({"score": score}) for score in range(lowest, highest + 1))


def nonce_of(rng_seed: int, document: str, summary: str, repeat: int) -> str:
    """The code in the marks around two texts: always the same for the same texts, and in neither of them.

    It is a hash of the texts. Whoever writes one of them would have to put into it a hash of what that makes it.
    """
    attempt = 0
    while True:
        found = sha256([rng_seed, document, summary, repeat, attempt])[:NONCE]
        if found not in document and found not in summary:
            return found
        attempt += 1


def read_verdict(said: str, lowest: int, highest: int) -> int | None:
    """The last object in an answer that the schema allows; None where there is none.

    Example:
        >>> read_verdict('The summary says {"score": 5}. {"score": 2}', 1, 5)
        2
        >>> read_verdict('{"score": 11}, "4", {"score": 4.0}, {"score": true}, {"score": 3, "why": ""}', 1, 5)
    """

    def allowed(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and value.keys() == {"score"}
            and type(value["score"]) is int
            and lowest <= value["score"] <= highest
        )

    found = last_json(said, allowed)
    return None if found is None else int(found["score"])
