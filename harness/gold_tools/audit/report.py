"""A whole audit: what was found in a gold, as tables."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from harness.config import DataConfig
from harness.gold import is_chosen, load_rows
from harness.gold_tools.audit import coverage, entities, stance, summaries, texts
from harness.gold_tools.audit.base import KINDS, Audited, Finding
from harness.gold_tools.reading import asking_for_documents
from harness.records import Row
from harness.report.grid import Grid
from harness.report.shown import counted

SCHEMA = "harness.gold_audit/1"
_EXCERPT = 60


def audit(data: DataConfig) -> list[Finding]:
    """Everything that may be a slip in what `data` names, kind by kind in the order of `KINDS`.

    Raises:
        GoldError: Faults; an audit is of what has none.
    """
    with asking_for_documents(data.documents):
        rows, corpus = load_rows(data)
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        if data.annotator is None or is_chosen(row, data.annotator):
            by_file.setdefault(row.file, []).append(row)
    audited = Audited(corpus, by_file)
    order = {kind: number for number, kind in enumerate(KINDS)}
    found = (one for module in (texts, entities, stance, summaries, coverage) for one in module.findings(audited))
    return sorted(found, key=lambda finding: order[finding.kind])


def grids(found: list[Finding], name: str, limit: int | None) -> list[Grid]:
    """One table of what there is how often, then one for each kind with at most `limit` findings."""
    counts = Counter(finding.kind for finding in found)
    kinds = [kind for kind in KINDS if counts[kind]]
    overview = Grid(
        title=f"{name} · {counted(len(found), 'finding')}, none of them a fault",
        headings=("kind", "findings", "why it matters"),
        rows=[(kind, str(counts[kind]), KINDS[kind]) for kind in kinds],
        records=[],
        right=(1,),
        more={"counts": {kind: counts[kind] for kind in KINDS}},
    )
    return [overview, *(_grid(kind, [f for f in found if f.kind == kind], limit) for kind in kinds)]


def _grid(kind: str, found: list[Finding], limit: int | None) -> Grid:
    shown = found[:limit]
    rest = len(found) - len(shown)
    cells = [(finding.where or "", _place(finding), _short(finding.text), finding.what) for finding in shown]
    # What is about the whole gold stands nowhere.
    used = [number for number in range(4) if any(row[number] for row in cells)]
    return Grid(
        title=f"{kind} · {len(found)}",
        headings=tuple(("where", "place", "text", "what")[number] for number in used),
        rows=[tuple(row[number] for number in used) for row in cells],
        records=[_record(finding) for finding in shown],
        notes=[f"{rest} more; --limit {len(found)} lists them all"] if rest else [],
    )


def _place(finding: Finding) -> str:
    if finding.doc is None:
        return ""
    return finding.doc if finding.start is None else f"{finding.doc}:{finding.start}-{finding.end}"


def _short(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _record(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "why": KINDS[finding.kind]}
