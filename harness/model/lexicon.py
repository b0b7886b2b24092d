"""Stance by a list of cue words: no learning, no weights."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from harness.model.base import GoldUse
from harness.model.gazetteer import read_sections
from harness.records import Answer, Input, StanceInput, TaskName

# Raise it whenever a rule changes an answer: kept answers of the older rules are then not used.
LEXICON = 1

_FILE = Path(__file__).with_name("data") / "stance_lexicon.txt"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# English inflections differ after so many letters ("conscripting", "conscription").
_STEM = 6


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Counts cue words for and against, in texts that touch the target.

    A text touches the target where it has at least the share `overlap` of the target's content words, compared by
    their first six letters. A cue word within `window` words after a negation counts for the other side. More cues
    for than against is `favor`, fewer `against`; none or a tie, or a target that is not touched, is `none`.

    Args:
        overlap: Share of the target's content words that must occur, above 0 and at most 1.
        window: How many words a negation reaches.
        favor: What the scheme calls a position for the target.
        against: What it calls one against.
        none: What it calls neither.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "none"

    overlap: float = 0.3
    window: int = 3
    favor: str = "favor"
    against: str = "against"
    none: str = "none"

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        if not 0 < self.overlap <= 1:
            raise ValueError(f"Lexicon: overlap must be above 0 and at most 1, got {self.overlap}")
        if self.window < 0:
            raise ValueError(f"Lexicon: window must be 0 or more, got {self.window}")

    def signature(self) -> dict[str, Any]:
        """Parameters, the rules' own version and the SHA-256 of the lexicon."""
        return {"kind": "lexicon", **asdict(self), "rules": LEXICON, "lexicon": sha256(_FILE.read_bytes()).hexdigest()}

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One label per input; no scores, for counts of cue words are no probabilities."""
        return [Answer(label=self._label(given)) for given in inputs]

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(entries) for name, entries in read_sections(_FILE).items()}

    def _label(self, given: Input) -> str:
        if not isinstance(given, StanceInput):
            raise TypeError(f"Lexicon answers stance inputs, got {type(given).__name__}")
        words = [word.replace("’", "'") for word in map(str.lower, _WORD.findall(given.text))]
        wanted = {_stem(word) for word in map(str.lower, _WORD.findall(given.target.text))} - self._stop_stems
        about = {_stem(word) for word in words} & wanted
        if not wanted or len(about) < self.overlap * len(wanted):
            return self.none
        balance = 0
        reach = 0
        for word in words:
            # The target's own words are what is judged, not the judgement.
            side = 0 if _stem(word) in wanted else self._side(word)
            balance += -side if reach > 0 else side
            reach = self.window if word in self._words["negation"] else reach - 1
        return self.favor if balance > 0 else self.against if balance < 0 else self.none

    @cached_property
    def _stop_stems(self) -> frozenset[str]:
        return frozenset(map(_stem, self._words["stop"]))

    def _side(self, word: str) -> int:
        return (word in self._words["support"]) - (word in self._words["oppose"])


def _stem(word: str) -> str:
    """A word's first letters, without a possessive or a plural's ending."""
    word = re.split("['’]", word, maxsplit=1)[0]
    if word.endswith(("xes", "ses", "ches", "shes", "zes")):
        return word[:-2][:_STEM]
    return word[:-1][:_STEM] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word[:_STEM]
