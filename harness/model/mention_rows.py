"""Predicted entities without offsets: which example a named string belongs to."""

from collections.abc import Collection, Sequence

from harness.checking import Checker
from harness.records import Document, Example, Mention, Row, Sentence


def is_mention(row: Row) -> bool:
    """Whether a record names a string and says nothing of where it stands."""
    return "text" in row.fields and "label" in row.fields and not {"start", "end", "parts"} & row.fields.keys()


def read_mention(
    checker: Checker,
    row: Row,
    document: Document,
    examples: Sequence[Example],
    sentences: Sequence[Sentence],
    labels: Collection[str] | None,
    *,
    remedy: str = "",
) -> tuple[str, Mention] | None:
    """The example that a mention is looked for in, and the mention; None where the record is at fault.

    Args:
        checker: Collects faults.
        row: The record.
        document: The document that it names.
        examples: The document's examples; where there are several, the record must name its `sentence`.
        sentences: The document's sentences.
        labels: The scheme; None for any label.
        remedy: What to do about a label outside the scheme, for the message.
    """
    before = len(checker.faults)
    text, label = checker.string(row, "text"), checker.string(row, "label")
    sentence = checker.string(row, "sentence", required=False)
    if label is not None and labels is not None and label not in labels:
        near = checker.nearest(label, labels)
        checker.fault(row, f"label {label!r} is not one of {', '.join(sorted(labels))}{near}{remedy}")
    place = examples[0].id
    if sentence is not None and (sentences or len(examples) > 1):
        start = next((one.start for one in sentences if one.id == sentence), None)
        asked = {example.start: example.id for example in examples}
        if start in asked:
            place = asked[start]
        elif start is None or len(examples) > 1:
            near = checker.nearest(sentence, [one.id for one in sentences])
            checker.fault(
                row, f"sentence {sentence!r} is not among the {len(sentences)} of document {document.id!r}{near}"
            )
    elif sentence is None and len(examples) > 1:
        checker.fault(
            row,
            f"an entity without 'start' and 'end' must name its 'sentence', because document {document.id!r} is asked "
            f"in {len(examples)} stretches",
        )
    if len(checker.faults) > before or text is None or label is None:
        return None
    return place, Mention(label, text)
