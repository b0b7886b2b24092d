"""A verdict as JUnit XML: a suite per run, a case per check; inconclusive is an error, so no reader calls it passed."""

import io
import re
from collections.abc import Sequence
from typing import Any

from harness.gate.verdict import Finding, Verdict, shown_name
from harness.report.text import visible

# All that XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_DETAILS = 1_000


def render_junit(verdict: Verdict) -> bytes:
    """The XML; it holds no time and no machine, so the same findings are the same bytes."""
    from junitparser import JUnitXml, TestSuite

    suites: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        suites.setdefault(finding.place, []).append(finding)
    xml = JUnitXml(_clean(verdict.headline))
    for place, findings in suites.items():
        suite = TestSuite(_clean(place))
        suite.add_property("gate", _clean(shown_name(verdict.gate)))
        suite.add_property("alpha", f"{verdict.alpha:g}")
        suite.add_testcases([_case(finding) for finding in findings])
        xml.add_testsuite(suite)
    stream = io.BytesIO()
    xml.write(stream, pretty=True)
    return stream.getvalue()


def _case(finding: Finding) -> Any:
    from junitparser import Error, Failure, Skipped, TestCase

    # Dots part the levels of a class name in what shows these files.
    case = TestCase(_clean(finding.title), ".".join(_clean(shown_name(level)) for level in finding.names))
    kinds = {"fail": Failure, "inconclusive": Error, "stated": Skipped}
    if finding.outcome in kinds:
        result = kinds[finding.outcome](_clean(finding.reason), finding.outcome)
        result.text = _clean("\n".join([*_numbers(finding), *_cut(finding.details)]), lines=True)
        case.result = [result]
    elif _numbers(finding):
        case.system_out = _clean("\n".join([finding.reason, *_numbers(finding)]), lines=True)
    return case


def _numbers(finding: Finding) -> list[str]:
    shown = {name: getattr(finding, name) for name in ("baseline", "run", "difference", "bounds", "allowed", "n")}
    return [f"{name}: {value}" for name, value in shown.items() if value]


def _cut(details: Sequence[str]) -> list[str]:
    more = len(details) - _MOST_DETAILS
    return [*details[:_MOST_DETAILS], *([f"and {more:,} more"] if more > 0 else [])]


def _clean(text: str, *, lines: bool = False) -> str:
    """The text as XML can hold it: U+FFFD for what it cannot, escapes for what would act on a reader's screen."""
    shown = "\n".join(map(visible, text.split("\n"))) if lines else visible(text)
    return _NOT_XML.sub("\ufffd", shown)
