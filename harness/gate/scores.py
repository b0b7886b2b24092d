"""The gated scores of paired runs: from stored counts to decisions, and each decision in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.comparison.columns import columns_of, conventions_of, find_score
from harness.comparison.lines import line_of
from harness.comparison.table import Column, spelled
from harness.config import IntervalConfig, build, build_dataclass
from harness.counts import Behind, counts_behind, folded, unit_table
from harness.errors import ConfigError, DataError, RunError, UsageError
from harness.gate.bounds import PairedScore, least_units, pair_counts
from harness.gate.gates import HEADLINE, Gate, GatedScore
from harness.gate.rule import Decision, decide
from harness.gate.runs import Pair, scores_of
from harness.gate.verdict import Finding
from harness.metric.base import Key
from harness.report.shown import UNDEFINED
from harness.run_folder import StoredRun, stored_counts
from harness.statistics.unit_counts import UnitCounts


@dataclass(frozen=True)
class _Gated:
    """A score of a pair that the gate asks for."""

    pair: Pair
    column: Column
    asked: GatedScore
    sign: int
    scored: PairedScore
    unit: str


def score_findings(pairs: Sequence[Pair], gate: Gate, equal_answers: Sequence[bool]) -> list[list[Finding]]:
    """What becomes of each pair's gated scores; all of them are decided together.

    Args:
        pairs: Runs and their baselines.
        gate: What is asked for.
        equal_answers: Of each pair whether it answers every example alike.

    Raises:
        UsageError: No run has a score that the gate names.
        ConfigError: A score has no better side, and the gate does not say which; or all scores of a pair are those of a
            language model as a judge.
        RunError: A score is counted otherwise in a run and its baseline, or in one of them alone.
    """
    chosen = _chosen(pairs, gate)
    faults = [fault for pair, of_pair in zip(pairs, chosen, strict=True) for fault in _unlike(pair, of_pair)]
    if faults:
        raise RunError("\n".join(faults))
    gated = [
        [_gated(pair, column, asked, equal) for column, asked in of_pair]
        for pair, of_pair, equal in zip(pairs, chosen, equal_answers, strict=True)
    ]
    flat = [one for of_pair in gated for one in of_pair]
    decisions = iter(decide([one.scored for one in flat], gate.alpha))
    return [[_finding(one, next(decisions), len(flat)) for one in of_pair] for of_pair in gated]


def _chosen(pairs: Sequence[Pair], gate: Gate) -> list[list[tuple[Column, GatedScore]]]:
    known = {key for pair in pairs for key in pair.scores}
    found: list[list[tuple[Column, GatedScore]]] = [[] for _ in pairs]
    for asked in gate.scores:
        place = f"gate {gate.name}: {asked.name}"
        for number, pair in enumerate(pairs):
            own = scores_of(pair.run).keys() | scores_of(pair.baseline).keys()
            key = _key(asked, pair, known, place)
            if key in own:
                found[number].append((_column(pair, key), asked))
        if not any(asked is one for of_pair in found for _, one in of_pair):
            raise UsageError(f"{place}: none of the runs has this score")
    for pair, of_pair in zip(pairs, found, strict=True):
        names = [column.name for column, _ in of_pair]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            both = " and ".join(asked.name for column, asked in of_pair if column.name == twice[0])
            raise ConfigError(f"gate {gate.name}: {both} are both {twice[0]} of {pair.names.task}; leave out one")
        if of_pair and all(_opinion(pair, column) for column, _ in of_pair):
            raise ConfigError(
                f"gate {gate.name}: of {pair.names.task} it looks at {', '.join(names)} alone, which are a language "
                "model's opinions; give it a score beside them that no text can talk round, such as rouge2.f1"
            )
    return found


def _opinion(pair: Pair, column: Column) -> bool:
    """Whether a score is what a language model said of answers that may speak to it."""
    return any("|judge:llm:" in scores_of(run).get(column.key, "") for run in (pair.run, pair.baseline))


def _key(asked: GatedScore, pair: Pair, known: set[Key], place: str) -> Key:
    name, own = asked.name, known
    if name.partition("@")[0] == HEADLINE:
        headline = columns_of(pair.names.task, [line_of(pair.baseline)], [], conventions_of([pair.baseline]))[0]
        # A run of another metric's alone has no score of the task's own.
        name, own = headline.name + name.removeprefix(HEADLINE), known | {headline.key}
    try:
        return find_score(name, own)
    except UsageError as error:
        raise UsageError(f"{place}{str(error).removeprefix(f'--metric {name}')}") from None


def _column(pair: Pair, key: Key) -> Column:
    having = pair.baseline if key in scores_of(pair.baseline) else pair.run
    return columns_of(pair.names.task, [line_of(having)], [key], conventions_of([having]))[0]


def _unlike(pair: Pair, chosen: Sequence[tuple[Column, GatedScore]]) -> list[str]:
    run, base = scores_of(pair.run), scores_of(pair.baseline)
    faults = []
    for column, _ in chosen:
        for one, other, folder in ((run, base, pair.baseline.folder), (base, run, pair.run.folder)):
            if column.key in one and column.key not in other:
                faults.append(
                    f"{folder}: has no {column.name}, which the run that it is paired with has; give both the same "
                    "metric=[...]"
                )
        if run.get(column.key, "") != base.get(column.key, "") and column.key in run and column.key in base:
            faults.append(
                f"{pair.run.folder} and its baseline {pair.baseline.folder} cannot be compared: {column.name} is "
                f"{run[column.key]} and {base[column.key]}; give both the same metric settings"
            )
    return faults


def _gated(pair: Pair, column: Column, asked: GatedScore, equal_answers: bool) -> _Gated:
    sign = {"metric": column.direction, "higher": 1, "lower": -1}[asked.direction]
    if sign == 0:
        raise ConfigError(
            f"{column.name}: neither more nor less of it is better as such; say direction: higher or direction: lower"
        )
    if column.factor == 100 and asked.tolerance >= 1:
        raise ConfigError(
            f"{column.name}: a tolerance of {asked.tolerance:g} lets everything pass; scores are fractions, so one "
            "point is 0.01"
        )
    run, base = _behind(pair.run, column), _behind(pair.baseline, column)
    tables = [folded(unit_table(one.table, one.metric), one.metric, one.key) for one in (run, base)]
    counts = [UnitCounts(one.ids, one.names, one.matrix) for one in tables]
    config = pair.baseline.config
    interval: IntervalConfig = build_dataclass(IntervalConfig, config.get("interval") or {}, "interval")
    try:
        scored = pair_counts(
            counts[0],
            counts[1],
            run.metric.compute,
            run.key,
            sign=sign,
            tolerance=asked.tolerance,
            documents=int(pair.baseline.scores["data"]["documents"]),
            equal_answers=equal_answers,
            resamples=interval.resamples,
            rng_seed=int(config.get("rng_seed") or 0),
            method=interval.method,
        )
    except DataError as error:
        raise RunError(f"{pair.run.folder} and its baseline {pair.baseline.folder}: {column.name}: {error}") from None
    return _Gated(pair, column, asked, sign, scored, tables[0].unit or "document")


def _behind(run: StoredRun, column: Column) -> Behind:
    metrics = {name: build("metric", values, f"metric.{name}") for name, values in run.config["metric"].items()}
    tables = {name: table for name, table in stored_counts(run.folder).items() if name in metrics}
    behind = counts_behind(column.key, tables, metrics)
    if behind is None:
        raise RunError(
            f"{run.folder}: {spelled(column.key)} is not computed from its counts; make them again with "
            f"`python -m harness score {run.folder}`"
        )
    return behind


# ---- in words -------------------------------------------------------------------------------------------------------


def _finding(one: _Gated, decision: Decision, family: int) -> Finding:
    factor, sign, scored = one.column.factor, one.sign, one.scored
    bounds = sorted(sign * bound for bound in (decision.low, decision.high) if bound is not None)
    difference = None if decision.difference is None else sign * decision.difference

    def shown(value: float | None) -> str:
        return UNDEFINED if value is None else f"{value * factor:.2f}"

    allowed = f"{'>=' if sign > 0 else '<='} {_signed(-sign * scored.tolerance * factor)}"
    record: dict[str, Any] = {
        "baseline": scored.baseline,
        "run": scored.run,
        "difference": difference,
        "low": bounds[0] if bounds else None,
        "high": bounds[1] if bounds else None,
        "tolerance": scored.tolerance,
        "direction": "higher" if sign > 0 else "lower",
        "n": scored.n,
        "unit": one.unit,
        "differing": scored.differing,
        "ground": decision.ground,
        "fail_level": 1 - decision.fail_tail,
        "pass_level": 1 - decision.pass_tail,
        "family": family,
        "units_needed": decision.needed,
        "method": decision.method,
        "undefined_draws": decision.undefined,
    }
    return Finding(
        names=one.pair.names,
        check=one.column.name,
        outcome=decision.outcome,
        reason=_reason(one, decision),
        baseline=shown(scored.baseline),
        run=shown(scored.run),
        difference=UNDEFINED if difference is None else _signed(difference * factor),
        bounds=f"[{', '.join(_signed(bound * factor) for bound in bounds)}]" if bounds else UNDEFINED,
        allowed=allowed,
        n=str(scored.n),
        record=record,
    )


def _reason(one: _Gated, decision: Decision) -> str:
    scored, factor, sign = one.scored, one.column.factor, one.sign
    few = f"{one.unit}s" if scored.n != 1 else one.unit
    limit = _signed(-sign * scored.tolerance * factor)
    worse, better = ("upper", "lower") if sign > 0 else ("lower", "upper")
    beyond, within = ("below", "at least") if sign > 0 else ("above", "at most")
    if decision.ground == "equal answers":
        return "every answer is as in the baseline, and counted alike"
    if decision.ground == "undefined":
        return "undefined: no interval of the difference exists"
    if decision.ground == "one document":
        same = "; every answer is as in the baseline, so it is the scoring that changed" if scored.equal_answers else ""
        return f"one document cannot tell a change for the worse from chance{same}"
    if decision.ground == "few units":
        least = least_units(decision.pass_tail)
        return f"{scored.n} {few} are too few for any decision: at least {least} are needed, and more in practice"
    if decision.ground == "few differences":
        least = least_units(decision.fail_tail)
        differ = f"{scored.differing} {one.unit}s differ" if scored.differing != 1 else f"one {one.unit} differs"
        return f"only {differ}, and chance alone would often make so few worse: {least} at least would have to"
    low, high = decision.low or 0.0, decision.high or 0.0
    fails, passes = _signed(sign * high * factor), _signed(sign * low * factor)
    if decision.outcome == "fail":
        return f"worse than tolerated: the {worse} bound of the difference, {fails}, is {beyond} {limit}"
    if decision.outcome == "pass":
        return f"the {better} bound of the difference, {passes}, is {within} {limit}"
    if decision.needed is None:
        hold = "no number of them would decide it, were the difference seen the true one"
    else:
        hold = f"about {_about(decision.needed)} {one.unit}s would decide it, were the difference seen the true one"
    return f"the bounds of the difference lie on both sides of {limit} with {scored.n} {few}; {hold}"


def _about(number: int) -> str:
    """Two digits, rounded up: no more is known of it."""
    step = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // step) * step:,}"


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text
