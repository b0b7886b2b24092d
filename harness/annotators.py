"""Several annotators of the same documents: their layers, and what each scores as if it were a model.

Each annotator is left out in turn and scored against what the remaining ones say (`leave_one_out`); models are scored
against the same, so that the rows can be read beside each other (`harness.headroom`).
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.config import DataConfig
from harness.errors import GoldError
from harness.gold import Corpus, load_corpus, read_rows
from harness.label_map import NO_MAP, LabelMap
from harness.records import Answer, Entity, Example, Gold, Predicted, References, Stance, StanceGold, Summary
from harness.resources import resolve
from harness.scoring import Case
from harness.task.base import Task

# The annotator, and the layer, that a group agreed on in the end.
ADJUDICATED = "adjudicated"


@dataclass(frozen=True)
class Layer:
    """One annotator's gold.

    Args:
        name: The annotator.
        kind: `human` or `model`, as `annotators.jsonl` says; None where it does not.
        corpus: The documents with this annotator's records alone.
    """

    name: str
    kind: str | None
    corpus: Corpus


@dataclass(frozen=True)
class Layers:
    """The annotators of one gold, by name, and what they agreed on, where that is there."""

    annotators: tuple[Layer, ...]
    adjudicated: Layer | None = None

    @property
    def title(self) -> str:
        """What a row of theirs is called: `human` only where all of them are said to be."""
        kinds = sorted({layer.kind or "kind unknown" for layer in self.annotators})
        return "human" if kinds == ["human"] else f"annotators ({', '.join(kinds)})"


@dataclass(frozen=True)
class LeftOut:
    """What is scored where one annotator is left out.

    Args:
        annotator: Who.
        cases: Its records as answers; the gold of each example is what the others say.
        undecided: Examples without a case, because the others are of two minds.
        unpaired: Stance judgements without a case, because it cannot be told what the others say of the same thing.
    """

    annotator: str
    cases: list[Case]
    undecided: int = 0
    unpaired: int = 0


# ---- layers ---------------------------------------------------------------------------------------------------------


def read_layers(data: DataConfig) -> Layers:
    """The annotators of a gold.

    Either a folder `annotators` beside the records has a folder for each of them, and the records above are what they
    agreed on; or records say whose they are, and an annotator called `adjudicated` is what they agreed on.

    Raises:
        GoldError: Fewer than two annotators, or faults in the gold of one.
    """
    if data.gold is None:
        raise GoldError(["data.gold: names no gold, so there are no annotators"])
    folder = resolve(data.gold) / "annotators"
    if folder.is_dir():
        above = load_corpus(replace(data, annotator=None))
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
        documents = data.documents or data.gold
        configs = [replace(data, documents=documents, gold=str(folder / name), annotator=None) for name in names]
        corpora = {name: load_corpus(config) for name, config in zip(names, configs, strict=True)}
        kinds = above.annotators
        agreed = Layer(ADJUDICATED, kinds.get(ADJUDICATED), above)
    else:
        rows = read_rows(data.format, resolve(data.gold), encoding=data.encoding, options=data.options)
        found = {str(row.fields["annotator"]) for row in rows if row.fields.get("annotator") is not None}
        corpora = {name: _own(load_corpus(replace(data, annotator=name)), name) for name in sorted(found)}
        kinds = next(iter(corpora.values())).annotators if corpora else {}
        agreed = None
        if ADJUDICATED in corpora:
            agreed = Layer(ADJUDICATED, kinds.get(ADJUDICATED), corpora.pop(ADJUDICATED))
    if len(corpora) < 2:
        raise GoldError(
            [
                f"{data.gold}: two annotators are needed, found {', '.join(corpora) or 'none'}; records name theirs as "
                '"annotator", or each has a folder under annotators/'
            ]
        )
    return Layers(tuple(Layer(name, kinds.get(name), corpus) for name, corpus in corpora.items()), agreed)


def _own(corpus: Corpus, name: str) -> Corpus:
    """The corpus without the references of others, which a choice of annotator keeps."""
    own = {doc: tuple(one for one in found if one.annotator == name) for doc, found in corpus.summaries.items()}
    return replace(corpus, summaries={doc: found for doc, found in own.items() if found})


# ---- one left out ---------------------------------------------------------------------------------------------------


def leave_one_out(
    layers: Layers, task: Task, label_map: LabelMap = NO_MAP, *, asked: Corpus | None = None
) -> list[LeftOut]:
    """Each annotator's records as answers, and as gold what the others say.

    - Summaries: the other annotators' references, one fewer than there are.
    - Entities and stance: the adjudicated layer, where there is one (the annotators had a part in it, so their scores
      are on the high side). Else what more than half of the others say: an entity with the same span and label, a
      stance with the same label; a stance without such a majority is left out and counted.

    Examples that nobody else annotated are left out. Which stance judgements are about one thing `stance_things` says.

    Args:
        layers: The annotators.
        task: Whose examples are meant; layers must have the same sentences and ids.
        label_map: Applied to all of them.
        asked: The gold of the runs that are shown beside them: cases bear the ids of its examples.
    """
    things = stance_things(layers.annotators, layers.adjudicated) if task.name == "stance" else None
    by_layer = {layer.name: _examples(layer.corpus, task, label_map, things) for layer in layers.annotators}
    agreed = None
    if layers.adjudicated is not None and task.name != "summarization":
        agreed = _examples(layers.adjudicated.corpus, task, label_map, things)
    ids = {} if asked is None or things is None else _examples(asked, task, label_map, things)
    found = []
    for layer in layers.annotators:
        cases, undecided, unpaired = [], 0, 0
        for name, example in by_layer[layer.name].items():
            if things is not None and (layer.name, name) in things.unclear:
                unpaired += 1
                continue
            if agreed is not None:
                others = [agreed[name].gold] if name in agreed else []
            else:
                others = [of[name].gold for whose, of in by_layer.items() if whose != layer.name and name in of]
            if not others:
                continue
            gold = _joint([other for other in others if other is not None])
            if gold is None:
                undecided += 1
                continue
            shown = replace(example, id=ids.get(name, example).id, gold=gold)
            cases.append(Case(shown, _answer(example), _predicted(example.gold)))
        found.append(LeftOut(layer.name, cases, undecided, unpaired))
    return found


def _examples(
    corpus: Corpus, task: Task, label_map: LabelMap, things: "StanceThings | None"
) -> dict[Hashable, Example]:
    """Examples by what they are about: their id, or for stance the judgement's thing."""
    examples = task.examples(corpus, gold=True, selects=True, label_map=label_map)
    if things is None:
        return {example.id: example for example in examples}
    # Examples of stance are the judgements, in their order.
    judged = (things.of(doc, one) for doc in corpus.annotated("stance") for one in corpus.stance[doc])
    return dict(zip(judged, examples, strict=True))


# Document, target, sentence; and a thing has the id too, where it takes one to tell it.
_Key = tuple[str, str, str | None]
Thing = tuple[str, str, str | None, str | None]


@dataclass(frozen=True)
class StanceThings:
    """What the stance judgements of several annotators are about.

    Args:
        by_id: The documents, targets and sentences with several judgements, told apart by their ids.
        unclear: Annotators with a thing of theirs that may or may not be one of another annotator's.
    """

    by_id: frozenset[_Key]
    unclear: frozenset[tuple[str, Thing]]

    def of(self, doc: str, judgement: StanceGold) -> Thing:
        """What a judgement is about."""
        key = (doc, judgement.target, judgement.sentence)
        return (*key, judgement.id if key in self.by_id else None)


def stance_things(annotators: Sequence[Layer], adjudicated: Layer | None = None) -> StanceThings:
    """Which stance judgements of several annotators are about one thing.

    Judgements of one document, target and sentence are, whatever their ids, as long as nobody has two of them and no
    two annotators share an id that a third has not. Otherwise those with one id are; one whose id nobody else has,
    where another annotator has an id that is not among its annotator's, is unclear.

    Args:
        annotators: Whose ids are looked at.
        adjudicated: What they agreed on; it often repeats the id of one of them.
    """
    layers = [*annotators, *([adjudicated] if adjudicated else [])]
    groups: dict[_Key, dict[str, list[str | None]]] = {}
    for layer in layers:
        for doc, judgements in layer.corpus.stance.items():
            for one in judgements:
                groups.setdefault((doc, one.target, one.sentence), {}).setdefault(layer.name, []).append(one.id)
    own = {layer.name for layer in annotators}
    by_id = {key: of for key, of in groups.items() if _by_id(of, own)}
    unclear = {
        (name, (*key, one)) for key, of in by_id.items() for name, ids in of.items() for one in ids
        if all(one not in other for whose, other in of.items() if whose != name)
        and any(not set(other) <= set(ids) for whose, other in of.items() if whose != name)
    }  # fmt: skip
    return StanceThings(frozenset(by_id), frozenset(unclear))


def _by_id(of: dict[str, list[str | None]], annotators: Collection[str]) -> bool:
    """Whether it takes ids to tell judgements of one document, target and sentence apart."""
    if any(len(ids) > 1 for ids in of.values()):
        return True
    given = [ids[0] for name, ids in of.items() if name in annotators and ids[0] is not None]
    return len(given) > len(set(given)) > 1


def _joint(golds: Sequence[Gold]) -> Gold | None:
    """What more than half of the annotators say; of references, all."""
    first = golds[0]
    if isinstance(first, References):
        others = [gold for gold in golds if isinstance(gold, References)]
        texts = tuple(text for gold in others for text in gold.texts)
        return replace(first, texts=texts, extracts=tuple(ids for gold in others for ids in gold.extracts))
    if isinstance(first, Stance):
        labels = Counter(gold.label for gold in golds if isinstance(gold, Stance))
        (label, votes), *_ = labels.most_common()
        return Stance(first.target, label) if 2 * votes > len(golds) else None
    entities = Counter(entity for gold in golds if isinstance(gold, tuple) for entity in set(gold))
    return tuple(sorted(entity for entity, votes in entities.items() if 2 * votes > len(golds)))


def _predicted(gold: Gold | None) -> Predicted:
    if not isinstance(gold, References):
        return gold
    # An annotator's first reference; a second one would be another summary of the same hand.
    return Summary(gold.texts[0] if gold.texts else "", gold.extracts[0] if gold.extracts else None)


def _answer(example: Example) -> Answer:
    """The annotator's record as a model would have given it, for metrics that look at answers."""
    gold = example.gold
    if isinstance(gold, References):
        summary = _predicted(gold)
        assert isinstance(summary, Summary)
        return Answer(text=summary.text, sentences=summary.sentences)
    if isinstance(gold, Stance):
        return Answer(label=gold.label)
    entities: Iterable[Entity] = gold or ()
    return Answer(entities=tuple(entity.shifted(-example.start) for entity in entities))


def said_unpaired(counts: Iterable[tuple[str, int]]) -> str:
    """Annotators' unclear judgements, in words."""
    return (
        f"stance judgements of {', '.join(f'{name} ({count})' for name, count in counts)}: their ids do not say which "
        "judgement of another annotator is about the same thing"
    )
