"""A user's own program as a model: examples as JSON Lines on its stdin, answers as JSON Lines on its stdout."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import ResourceError
from harness.model.base import GoldUse
from harness.model.command_lines import Batch, input_line
from harness.model.file_hashes import content_sha256
from harness.model.program import Fault, Program, Watcher
from harness.records import Answer, Example, Input, NerInput, StanceInput, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus

# Processes that may end in a row without an answer, before no more are started: enough to find one bad example among
# two thousand by halves. Where nothing was ever answered, two that ran out of time are enough.
FRUITLESS = 12
FRUITLESS_TIMEOUTS = 2


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program that reads examples and writes answers, in any language.

    It reads one JSON object a line: `id`, `doc`, `task` (`ner`, `stance`, `summarization`) and `text`; for NER also
    `zone` and `labels`; for stance `target` (`id` and `text`), `context`, `sentence` and `labels`; for summaries
    `style`, `max_words`, `min_words`, `max_sentences` and `sentences` (`id` and `text` each).

    It writes one JSON object a line, in any order, each with the `id` of its example:

    - NER: `{"id", "entities": [{"start", "end", "label"}, ...]}`; offsets are code points from the start of `text`,
      end-exclusive; `text` is checked where given; without offsets `{"text", "label"}` is found in the text; `score`
      is optional. Or one record `{"id", "start", "end", "label"}` for each entity, and `{"id"}` where there is none.
    - stance: `{"id", "label"}`, or `unknown` for the label; `scores`, label -> probability, is optional.
    - summaries: `{"id", "text"}`; or `{"id", "sentences": [...]}`, ids of the sentences given.
    - any: `{"id", "error": "why"}` where it cannot answer; `tokens_read`, `tokens_cut` and `output_truncated` are
      optional, and for NER `chars_read`: the characters of `text` that were read, from its start on.

    Ledger: an example without a line is `missing`; a line that cannot be read makes its example `unparsed`, with the
    line kept; NaN is `nonfinite`; `error` is `failed`. Where the program dies, or is still busy after `timeout`, new
    processes are asked what it has not answered, in halves, so that a bad example costs itself alone. Ids that were not
    asked are passed over and said on stderr. What the program writes on stderr is shown.

    One process answers one batch: its stdin is closed after the last example and its stdout is read to the end. With
    `keep_running` one process answers all batches: it must flush after each line, and give each example one line.

    The program runs as the user who started the harness, without a shell, and sees the same environment variables.
    Nothing of them is stored. It runs in a process group of its own, which is ended with it, however the harness ends.
    Program and arguments that are files are in the signature by their content; what they import is not: raise `version`
    when that changes.

    Args:
        command: The program and its arguments, a word each.
        cwd: Where it runs, and where relative paths of `command` begin; None for where the harness was started.
        version: Any text; answers of another version are not used again.
        batch_size: Examples per batch; never moves an answer.
        keep_running: Whether one process answers all batches.
        timeout: Seconds that a batch may take, with the start of the program.
        selects_sentences: Whether it can choose sentences, and is asked for style `extract`.
    """

    command: tuple[str, ...]
    cwd: str | None = None
    version: str | None = None
    batch_size: int = 64
    keep_running: bool = False
    timeout: float = 600.0
    selects_sentences: bool = False

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner", "stance", "summarization")
    gold: ClassVar[GoldUse] = "none"

    def __post_init__(self) -> None:
        if not self.command or not self.command[0].strip():
            raise ValueError("command must name a program, for instance [python, my.py]")
        if any("\0" in word for word in self.command):
            raise ValueError("command must not hold a NUL character")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if not 0 < self.timeout < 10**7:
            raise ValueError(f"timeout must be a number of seconds above 0, got {self.timeout}")

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Takes the label schemes, which the program is told."""
        known: dict[type[Input], tuple[str, ...]] = {NerInput: corpus.entity_labels, StanceInput: corpus.stance_labels}
        asked = {type(example.input) for example in examples}
        self.__dict__["_told"] = {kind: labels for kind, labels in known.items() if kind in asked}

    def signature(self) -> dict[str, Any]:
        """The command, and the content of what it names; where the program lies is no part of it.

        Raises:
            ResourceError: The program or the folder is not on this machine.
        """
        files = {"program": content_sha256(self._program)} if self._program.is_file() else {}
        for number, word in enumerate(self.command[1:], start=1):
            if (file := self._folder / word).is_file():
                files[f"argument {number}"] = content_sha256(file)
        return {
            "kind": "command",
            "command": list(self.command),
            "cwd": self.cwd,
            "version": self.version,
            "files": files,
            "labels": [list(labels) for labels in self._schemes.values()],
        }

    def load(self) -> None:
        """Looks for the program; it is started with the first batch."""
        _ = self._program

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Answers of one batch, in the same order; see the class for what an example gets that has none."""
        found: dict[str, Answer] = {}
        waiting = [list(inputs)] if inputs else []
        while waiting:
            asked = waiting.pop()
            if self._session.gave_up is not None:
                found |= {one.id: Answer(bin="failed", reason=self._session.gave_up) for one in asked}
                continue
            batch, fault = self._ask(asked)
            answers = batch.answers()
            found |= answers
            rest = [one for one in asked if one.id not in answers]
            self._session.count(bool(answers), fault)
            if fault is None or (fault.clean and not (self.keep_running and answers)):
                found |= {one.id: batch.unanswered() for one in rest}
            elif answers and rest:
                waiting.append(rest)
            elif len(rest) == 1:
                found[rest[0].id] = Answer(bin="failed", reason=fault.reason[:2000])
            elif rest:
                half = len(rest) // 2
                waiting += [rest[half:], rest[:half]]
        return [found[one.id] for one in inputs]

    def _ask(self, asked: Sequence[Input]) -> tuple[Batch, Fault | None]:
        """What a process said about the examples, and why it stopped."""
        session = self._session
        batch = Batch({one.id: one for one in asked}, self.keep_running)
        lines = "".join(input_line(one, self._schemes.get(type(one), ())) + "\n" for one in asked)
        # Half of a surrogate pair cannot be written; the example itself is refused long before.
        data = lines.encode("utf-8", "replace")
        if session.program is None or not session.program.running:
            if session.program is not None:
                session.program.end()
            session.program = Program([str(self._program), *self.command[1:]], self._folder, session.watcher)
        program = session.program
        fault = program.exchange(data, batch.take, last=not self.keep_running, seconds=self.timeout)
        if fault is not None:
            session.program = None
            if fault.timed_out and self.keep_running:
                fault = replace(fault, reason=f"{fault.reason}; does it flush after each line?")
        if batch.foreign and not session.noted_foreign:
            session.noted_foreign = True
            said = f"answered examples that it was not asked, the first {batch.first_foreign!r}"
            print(f"harness: {self.command[0]}: {said}", file=sys.stderr)
        return batch, fault

    @property
    def _schemes(self) -> dict[type[Input], tuple[str, ...]]:
        told: dict[type[Input], tuple[str, ...]] = self.__dict__.get("_told", {})
        return told

    @cached_property
    def _session(self) -> "_Session":
        return _Session(Watcher())

    @cached_property
    def _folder(self) -> Path:
        folder = Path(self.cwd).expanduser() if self.cwd is not None else Path.cwd()
        if not folder.is_dir():
            raise ResourceError(f"model.command: cwd: no such folder: {self.cwd}")
        return folder

    @cached_property
    def _program(self) -> Path:
        if os.name == "nt":
            raise ResourceError("model kind 'command' needs process groups, which Windows has not; use WSL")
        word, folder = self.command[0], self._folder
        if "/" not in word:
            found = shutil.which(word)
            if found is None:
                raise ResourceError(
                    f"model.command: {word!r} is no program on the PATH; name one that is, or give its path (./{word})"
                )
            return Path(found).absolute()
        file = (folder / Path(word).expanduser()).absolute()
        if not file.is_file():
            raise ResourceError(f"model.command: no such program: {word} (looked for {file})")
        if not os.access(file, os.X_OK):
            raise ResourceError(
                f"model.command: {word} may not be executed; chmod +x it, or name what runs it: [python, {word}]"
            )
        return file


@dataclass(slots=True)
class _Session:
    """What a command remembers between batches: the process that goes on running, and how the last ones ended."""

    watcher: Watcher
    program: Program | None = None
    answered: bool = False
    fruitless: int = 0
    timeouts: int = 0
    gave_up: str | None = None
    noted_foreign: bool = False

    def count(self, answered: bool, fault: Fault | None) -> None:
        """Counts processes that ended without an answer, and gives up after too many in a row."""
        self.answered |= answered
        if answered or fault is None or fault.clean:
            self.fruitless = self.timeouts = 0
            return
        self.fruitless += 1
        self.timeouts += fault.timed_out
        hopeless = not self.answered and self.timeouts >= FRUITLESS_TIMEOUTS
        if self.fruitless >= FRUITLESS or hopeless:
            self.gave_up = f"not asked: {self.fruitless} processes in a row gave no answer; the last: {fault.reason}"[
                :2000
            ]
