"""A verdict as annotations of GitHub Actions: workflow commands, one line each."""

from harness.gate.verdict import Finding, Verdict

# GitHub shows ten annotations of a kind per step.
_MOST = 10
_KINDS = {"fail": "error", "inconclusive": "warning"}


def annotations(verdict: Verdict) -> list[str]:
    """One line for each check that failed or is inconclusive.

    Escapes are those of actions/toolkit (packages/core/src/command.ts): `%`, line ends, and in properties `:` and `,`.

    Example:
        >>> from harness.gate.verdict import Names
        >>> one = Finding(names=Names("d", "ner", "50%, a:b"), check="entity.f1", outcome="fail", reason="100% lost")
        >>> annotations(Verdict(gate="default", alpha=0.05, findings=(one,)))
        ['::error title=d · ner · 50%25%2C a%3Ab%3A entity.f1::100%25 lost']
    """
    lines = []
    for outcome, kind in _KINDS.items():
        found = [finding for finding in verdict.findings if finding.outcome == outcome]
        shown = found if len(found) <= _MOST else found[: _MOST - 1]
        lines += [_line(kind, f"{one.place}: {one.title}", _message(one)) for one in shown]
        if len(shown) < len(found):
            lines.append(_line(kind, "harness check", f"{len(found) - len(shown)} more: {verdict.headline}"))
    return lines


def _message(finding: Finding) -> str:
    return "\n".join([finding.reason, *finding.details[:5]])


def _line(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
