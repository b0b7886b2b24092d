"""The trap suite run: our number, the right number and the other tool's, side by side."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from harness.report.text import markdown
from harness.traps import ROUNDING, TRAPS, Measured, Trap


@dataclass(frozen=True)
class Result:
    """What became of one trap.

    Args:
        trap: The trap.
        ours: Our numbers.
        theirs: The other tool's; None where it is not installed or has no function to call.
        version: The other tool's version; None where it is not installed.
        passed: Whether ours are the expected ones.
    """

    trap: Trap
    ours: Measured
    theirs: Measured | None
    version: str | None
    passed: bool


def run_traps(traps: Iterable[Trap] = TRAPS) -> list[Result]:
    """Runs traps; a tool that is not installed is passed over, a fault of ours is a failed trap."""
    results = []
    for trap in traps:
        ours: Measured
        try:
            ours = trap.ours()
        except Exception as error:  # one broken metric must not hide the other traps
            ours = {"error": f"{type(error).__name__}: {error}"}
        theirs = None
        if trap.theirs is not None:
            try:
                theirs = trap.theirs()
            except ImportError:
                theirs = None
            except Exception as error:  # a change of theirs is worth seeing, and is no failure of ours
                theirs = {"error": f"{type(error).__name__}: {error}"}
        results.append(Result(trap, ours, theirs, _version(trap.library), _agree(ours, trap)))
    return results


def _agree(ours: Measured, trap: Trap) -> bool:
    return set(ours) == set(trap.expected) and all(
        abs(float(ours[name]) - float(wanted)) <= trap.tolerance for name, wanted in trap.expected.items()
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _numbers(measured: Measured) -> str:
    if len(set(measured.values())) == 1:
        return f"{_number(next(iter(measured.values())))} (all)" if len(measured) > 1 else _number(*measured.values())
    return ", ".join(f"{name} {_number(value)}" for name, value in measured.items())


def _expected(trap: Trap) -> str:
    """The expected numbers, and how near ours must be."""
    return _numbers(trap.expected) + (f" ± {trap.tolerance:g}" if trap.simulated else "; exact")


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _theirs(result: Result) -> str:
    tool = f"{result.trap.library} {result.version}" if result.version else result.trap.library
    if result.theirs is not None:
        about = f" ({result.trap.reported})" if result.trap.reported else ""
        return f"{tool}: {_numbers(result.theirs)}{about}"
    return f"{tool}: {result.trap.reported or 'not installed'}"


def text(results: Sequence[Result]) -> str:
    """For a terminal: one block per trap."""
    lines = []
    for result in results:
        lines += [
            f"{result.trap.id:4} {'ok  ' if result.passed else 'FAIL'} {result.trap.about}",
            f"          expected {_expected(result.trap)}",
            f"          ours     {_numbers(result.ours)}",
            f"          {_theirs(result)}",
        ]
    failed = sum(not result.passed for result in results)
    lines.append(f"{len(results)} trap{'' if len(results) == 1 else 's'}, {failed} failed; exact: to {ROUNDING:g}")
    return "\n".join(lines) + "\n"


def table(results: Sequence[Result]) -> str:
    """A Markdown table."""
    lines = ["| | input, and what is right | expected | ours | another tool |", "| --- | --- | --- | --- | --- |"]
    for result in results:
        cells = (
            result.trap.id,
            result.trap.about,
            _expected(result.trap),
            _numbers(result.ours) + ("" if result.passed else " **differs**"),
            _theirs(result),
        )
        shown = [cells[0], *(markdown(cell) for cell in cells[1:3]), cells[3], markdown(cells[4])]
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def as_json(results: Sequence[Result]) -> str:
    """Every number, unrounded."""

    def plain(measured: Mapping[str, float | str] | None) -> dict[str, float | str] | None:
        return None if measured is None else dict(measured)

    rows = [
        {
            "id": result.trap.id,
            "about": result.trap.about,
            "expected": plain(result.trap.expected),
            "tolerance": result.trap.tolerance,
            "ours": plain(result.ours),
            "passed": result.passed,
            "library": result.trap.library,
            "version": result.version,
            "theirs": plain(result.theirs),
            "reported": result.trap.reported or None,
        }
        for result in results
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
