"""Real runs that the tests of comparisons share; a test that changes one copies it first."""

import runpy
from dataclasses import dataclass
from pathlib import Path

import pytest

made = runpy.run_path(str(Path(__file__).parents[1] / "made_systems.py"))


@dataclass(frozen=True)
class Systems:
    """Twenty documents of every task; `good` is right nine times in ten, `poor` every other time.

    Args:
        folder: Where the gold, the answers and `results` lie.
        gold: By file, as records.
        answers: By system and file.
        runs: Run folders by system and task.
    """

    folder: Path
    gold: dict
    answers: dict
    runs: dict

    @property
    def results(self):
        return self.folder / "results"


@pytest.fixture(scope="session")
def systems(tmp_path_factory):
    folder = tmp_path_factory.mktemp("systems")
    gold = made["make_corpus"](folder)
    answers = {name: made["answer"](gold, share, seed) for name, share, seed in (("poor", 0.5, 1), ("good", 0.9, 2))}
    runs = {name: made["make_system"](folder, name, own) for name, own in answers.items()}
    return Systems(folder, gold, answers, runs)
