"""Reference summaries and facts that may be slips."""

from collections.abc import Iterator

from harness.gold_tools.audit.base import Audited, Finding
from harness.metric.words import words

# A copied stretch of fewer words is chance.
_FEWEST_WORDS = 8
# Long words of a summary, and how few of them in the document are hardly any.
_LONG = 5
_FEWEST_LONG = 6
_HARDLY = 0.15


def findings(audited: Audited) -> Iterator[Finding]:
    """References longer than their document, copied, shared by documents or about another; facts without sentences."""
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    for row in audited.kept("summaries"):
        doc, style, text = row.fields["doc"], row.fields.get("style") or "default", row.fields.get("text")
        if style == "extract" or not isinstance(text, str):
            continue
        said, source = words(text), audited.words[doc]
        shown = " ".join(text.split())

        def finding(kind: str, what: str) -> Finding:
            return Finding(kind, f"{style}: {what}", row.where, doc, text=shown)  # noqa: B023 - used at once

        other, place = first.setdefault(said, (doc, row.where))
        if other != doc and len(said) >= _FEWEST_WORDS:
            yield finding("summary_elsewhere", f"the same words at {place}, of document {other!r}")
        if len(said) >= len(source):
            yield finding("summary_too_long", f"{len(said)} words of a document of {len(source)}")
        elif len(said) >= _FEWEST_WORDS and f" {' '.join(said)} " in f" {' '.join(source)} ":
            yield finding("summary_copied", f"all of its {len(said)} words stand in the document, one after another")
        else:
            long = {word for word in said if len(word) >= _LONG}
            shared = len(long & set(source))
            if len(long) >= _FEWEST_LONG and shared < _HARDLY * len(long):
                yield finding("summary_of_other_text", f"the document has {shared} of its {len(long)} longer words")
    for row in audited.kept("facts"):
        if not row.fields.get("sentences"):
            yield Finding(
                "fact_without_sentences", "no 'sentences'", row.where, row.fields["doc"], text=row.fields["fact"]
            )
