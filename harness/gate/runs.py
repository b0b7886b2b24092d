"""Which run is checked against which: paired by data, task and model, and only over the same gold and documents."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.config import refuse_forbidden
from harness.errors import RunError, UsageError
from harness.gate.verdict import Names
from harness.metric.base import Key
from harness.run_folder import StoredRun, find_runs, read_run


@dataclass(frozen=True)
class Pair:
    """A run and what it is checked against; `label` tells it from another run of its model."""

    run: StoredRun
    baseline: StoredRun
    label: str = ""

    @property
    def names(self) -> Names:
        """Data, task and model, as a finding has them."""
        names, other = names_of(self.run), names_of(self.baseline).model
        model = self.label or names.model
        return names._replace(model=model if names.model == other else f"{model} (baseline: {other})")

    @property
    def scores(self) -> list[Key]:
        """The scores that both have."""
        both = scores_of(self.run).keys() & scores_of(self.baseline).keys()
        return sorted(both)


@dataclass(frozen=True)
class Paired:
    """What belongs together.

    Args:
        pairs: Each run with its baseline.
        missing: Runs of the baseline that nothing answers to.
        new: Runs without a baseline.
    """

    pairs: list[Pair]
    missing: list[StoredRun]
    new: list[StoredRun]


def names_of(run: StoredRun) -> Names:
    """Data, task and model."""
    scores = run.scores
    return Names(str(scores["data"]["name"]), str(scores["task"]), str(scores["model"]["name"]))


def scores_of(run: StoredRun) -> dict[Key, str]:
    """The signature of each score."""
    return {Key(row["metric"], row["average"], row["slice"]): str(row["signature"]) for row in run.scores["scores"]}


def pair_runs(paths: Sequence[Path], baseline: Path) -> Paired:
    """Finds, reads and pairs the runs.

    A run folder that is named as the baseline itself is the baseline of each run of its data and task, whatever the
    model. Otherwise runs are paired by data, task and model; where a model has several run folders, also by the
    folder's name, which holds what they differ in. Where only run folders are named, what else the baseline has is not
    asked for.

    Args:
        paths: Run folders, or folders above several.
        baseline: Likewise.

    Raises:
        RunError: A run that is missing, incomplete, of a newer schema, altered or unreadable; other gold or documents.
        UsageError: Nothing to compare, or one run for two.
    """
    base_folders = {folder.resolve(): folder for folder in find_runs(baseline)}
    folders = {folder.resolve(): folder for path in paths for folder in find_runs(path)}
    named = {path.resolve() for path in paths}
    # `check results --baseline results/baseline`: what lies above both is asked for without the baseline's own.
    folders = {place: folder for place, folder in folders.items() if place in named or place not in base_folders}
    same = sorted(str(folder) for place, folder in folders.items() if place in base_folders)
    if same or not folders:
        what = same[0] if same else baseline
        raise UsageError(f"--baseline {baseline}: {what} would be compared with itself; name another run or baseline")
    faults: list[str] = []
    runs, bases = _read(folders.values(), faults), _read(base_folders.values(), faults)
    if faults:
        raise RunError("\n".join(faults))
    if baseline.resolve() in base_folders:
        paired = _to_one(runs, bases[0])
    else:
        paired = _by_name(runs, bases)
        if all(place in named for place in folders):
            paired = Paired(paired.pairs, [], paired.new)
    if not paired.pairs:
        raise UsageError(
            f"--baseline {baseline}: no run there has the data, task and model of {_listed(runs)}; there are "
            f"{_listed(bases)}"
        )
    unlike = [fault for pair in paired.pairs for fault in _unlike(pair)]
    if unlike:
        raise RunError("\n".join(unlike))
    return paired


def _read(folders: Iterable[Path], faults: list[str]) -> list[StoredRun]:
    runs = []
    for folder in folders:
        try:
            run = read_run(folder)
            if "imported" in run.run:
                raise RunError(f"{folder}: was imported from scores of another tool, so it has no answers to check")
            refuse_forbidden(run.config)
            _check_content(run)
            runs.append(run)
        except RunError as error:
            faults.append(str(error))
    return runs


def _check_content(run: StoredRun) -> None:
    try:
        names_of(run), scores_of(run)
        _ = [run.scores["data"][name] for name in ("documents", "gold_sha256", "documents_sha256")]
        _ = [run.scores["ledger"][name] for name in ("examples", "spans", "truncated")]
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{run.folder}: scores.json lacks what this version needs ({type(error).__name__}: {error}); make it again "
            f"with `python -m harness score {run.folder}`"
        ) from None


def _to_one(runs: Sequence[StoredRun], base: StoredRun) -> Paired:
    wanted = names_of(base)[:2]
    called = Counter(map(names_of, runs))
    pairs = [
        Pair(run, base, run.folder.resolve().name if called[names_of(run)] > 1 else "")
        for run in runs
        if names_of(run)[:2] == wanted
    ]
    others = [run for run in runs if names_of(run)[:2] != wanted]
    if others and len(runs) == 1:
        unlike = "; ".join(
            f"{what} {own!r} there, {other!r} in the baseline"
            for what, own, other in zip(("data", "task"), names_of(runs[0])[:2], wanted, strict=True)
            if own != other
        )
        raise RunError(f"{runs[0].folder} cannot be checked against {base.folder}: {unlike}")
    return Paired(pairs, [], others)


def _by_name(runs: Sequence[StoredRun], bases: Sequence[StoredRun]) -> Paired:
    pairs: list[Pair] = []
    missing: list[StoredRun] = []
    new: list[StoredRun] = []
    keys = dict.fromkeys(names_of(run) for run in (*bases, *runs))
    for key in keys:
        own = _by_folder([run for run in runs if names_of(run) == key])
        their = _by_folder([run for run in bases if names_of(run) == key])
        same = [name for name in own if name in their]
        if len(own) == len(their) == 1:
            # The folder is called otherwise where a parameter changed; the model is still the one of that name.
            pairs.append(Pair(own.popitem()[1], their.popitem()[1]))
        elif own and their and not same:
            folders = [str(run.folder) for run in (*own.values(), *their.values())]
            raise UsageError(
                f"{' · '.join(key)}: {len(own)} runs and {len(their)} baselines ({', '.join(folders[:4])}), none of "
                "the same folder name; name the one run and the one baseline that are meant"
            )
        pairs += [Pair(own.pop(name), their.pop(name), name) for name in same if name in own]
        new += own.values()
        missing += their.values()
    order = {id(run): number for number, run in enumerate(runs)}
    return Paired(sorted(pairs, key=lambda pair: order[id(pair.run)]), missing, new)


def _by_folder(runs: Sequence[StoredRun]) -> dict[str, StoredRun]:
    found: dict[str, StoredRun] = {}
    for run in runs:
        name = run.folder.resolve().name
        if name in found:
            raise UsageError(
                f"{found[name].folder} and {run.folder} are of one data set, task and model; name the one that is meant"
            )
        found[name] = run
    return found


def _unlike(pair: Pair) -> list[str]:
    """Why a run and its baseline cannot be compared at all."""
    run, base = pair.run.scores["data"], pair.baseline.scores["data"]
    found = []
    if run["documents"] != base["documents"]:
        found.append(f"{run['documents']} and {base['documents']} documents")
    for name, words in (("documents_sha256", "texts of the documents"), ("gold_sha256", "gold")):
        if run[name] != base[name]:
            found.append(f"other {words} (sha256 {str(run[name])[:8]} and {str(base[name])[:8]})")
    if not found:
        return []
    again = (
        "`python -m harness score` of both scores their answers by the gold as it is now"
        if run["documents_sha256"] == base["documents_sha256"]
        else "give the baseline's command again over these documents"
    )
    both = f"{pair.run.folder} and its baseline {pair.baseline.folder}"
    more = "`python -m harness why-different` lists all that differs"
    return [f"{both} cannot be compared: {'; '.join(found)}; {again}; {more}"]


def _listed(runs: Sequence[StoredRun]) -> str:
    names = [" · ".join(names_of(run)) for run in runs]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
