"""A spaCy pipeline as a model: made here with rules, saved, and read back like any other."""

import json
import sys

import pytest

from harness.errors import ConfigError, ResourceError
from harness.model.spacy import Spacy
from harness.records import Entity, NerInput

spacy = pytest.importorskip("spacy", reason="left out: spacy is not installed")

pytestmark = pytest.mark.core


def asked(*texts):
    return [NerInput(f"e{i}", "d", text) for i, text in enumerate(texts)]


def save(folder, build=lambda pipeline: None, ruler=True):
    pipeline = spacy.blank("en")
    if ruler:
        patterns = [("PERSON", "Ann Lee"), ("PERSON", "Bob"), ("GPE", "Rome")]
        pipeline.add_pipe("entity_ruler").add_patterns([{"label": a, "pattern": b} for a, b in patterns])
    build(pipeline)
    pipeline.to_disk(folder)
    return str(folder)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return save(tmp_path_factory.mktemp("made") / "rules")


def test_entities_in_code_points_and_in_order(path):
    model = Spacy(path=path)
    model.load()
    answers = model.answer(asked("\U0001f600 Bob met Ann Lee", "", "nobody", "Rome"))
    assert [answer.entities for answer in answers] == [
        (Entity(2, 5, "PERSON"), Entity(10, 17, "PERSON")), (), (), (Entity(0, 4, "GPE"),),
    ]  # fmt: skip
    assert [answer.tokens_read for answer in answers] == [5, 0, 1, 1]
    assert model.answer([]) == []


def test_batches_move_no_answer(path):
    inputs = asked(*["Bob in Rome", "Ann Lee", "x"] * 5)
    assert Spacy(path=path, batch_size=1).answer(inputs) == Spacy(path=path, batch_size=7).answer(inputs)


def test_a_long_text_is_read_in_windows_as_if_it_were_short(path):
    text = " ".join(["Ann Lee met Bob in Rome."] * 40)
    (whole,) = Spacy(path=path).answer(asked(text))
    windowed = Spacy(path=path, max_length=60, stride=15)
    assert len(windowed._windows(text)) > 20
    (answer,) = windowed.answer(asked(text))
    assert answer.entities == whole.entities
    assert (answer.tokens_read, answer.tokens_cut) == (whole.tokens_read, 0)
    assert (answer.windows, answer.chars_read) == (len(windowed._windows(text)), None)
    (cut,) = Spacy(path=path, max_length=60, overlong="truncate").answer(asked(text))
    assert cut.entities == tuple(entity for entity in whole.entities if entity.end <= 60)
    assert cut.tokens_cut > 0
    assert (cut.windows, cut.chars_read) == (1, windowed._windows(text)[0][1])
    assert cut.tokens_read + cut.tokens_cut == whole.tokens_read
    refusing = Spacy(path=path, max_length=60, overlong="error")
    (fault,) = refusing.check(asked("short", text))
    assert "'e1'" in fault
    assert [answer.bin for answer in refusing.answer(asked("short", text))] == ["scored", "failed"]


def test_the_limit_of_the_pipeline_holds(tmp_path):
    def shorten(pipeline):
        pipeline.max_length = 50

    path = save(tmp_path / "short", shorten)
    # spaCy does not store it: a loaded pipeline has its default.
    model = Spacy(path=path)
    assert model._limit == 1_000_000
    with pytest.raises(ConfigError, match="max_length"):
        Spacy(path=path, max_length=2_000_000).answer(asked("x"))


def test_the_signature_says_which_pipeline_it_is(path, tmp_path):
    before = Spacy(path=path).signature()
    assert before["pipeline"] == {"lang": "en", "name": "pipeline", "version": "0.0.0"}
    assert before["spacy"] == spacy.__version__
    assert Spacy(path=path, batch_size=3).signature() == before
    other = Spacy(path=save(tmp_path / "other", lambda p: p.get_pipe("entity_ruler").add_patterns(
        [{"label": "ORG", "pattern": "Acme"}])))  # fmt: skip
    assert other.signature()["files"] != before["files"]


def test_an_installed_pipeline_is_found_by_its_name_and_its_code_is_not_run(tmp_path, monkeypatch):
    package = tmp_path / "site" / "xx_made_rules"
    package.mkdir(parents=True)
    save(package / "en_pipeline-0.0.0")
    (package / "meta.json").write_bytes((package / "en_pipeline-0.0.0" / "meta.json").read_bytes())
    (package / "__init__.py").write_text("raise SystemExit('ran')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    (answer,) = Spacy(path="xx_made_rules").answer(asked("Bob"))
    assert answer.entities == (Entity(0, 3, "PERSON"),)
    assert "xx_made_rules" not in sys.modules


def broken(folder):
    (folder / "config.cfg").write_text("[nlp]\nlang = ???")


def no_such_component(folder):
    text = (folder / "config.cfg").read_text()
    (folder / "config.cfg").write_text(text.replace('"entity_ruler"', '"no_such_thing"'))


@pytest.mark.parametrize("damage", [broken, no_such_component])
def test_a_damaged_pipeline_is_one_message(tmp_path, damage):
    path = save(tmp_path / "made")
    damage(tmp_path / "made")
    with pytest.raises(ResourceError, match="spaCy cannot load it"):
        Spacy(path=path).load()


@pytest.mark.parametrize("path", ["no_such_pipeline_here", "./no/such/folder", "json", "sys", "a.b"])
def test_what_is_no_pipeline(path):
    for method in ("signature", "load"):
        with pytest.raises(ResourceError, match="neither an installed spaCy pipeline"):
            getattr(Spacy(path=path), method)()


def test_a_pipeline_without_entities_is_refused(tmp_path):
    path = save(tmp_path / "made", lambda pipeline: pipeline.add_pipe("sentencizer"), ruler=False)
    with pytest.raises(ResourceError, match="none of its components finds entities; it has sentencizer"):
        Spacy(path=path).load()
    ruler = save(tmp_path / "ruler", lambda p: p.add_pipe("span_ruler", config={"annotate_ents": True}).add_patterns(
        [{"label": "GPE", "pattern": "Rome"}]), ruler=False)  # fmt: skip
    assert Spacy(path=ruler).answer(asked("Rome"))[0].entities == (Entity(0, 4, "GPE"),)


def test_components_can_be_left_out(tmp_path):
    path = save(tmp_path / "made", lambda pipeline: pipeline.add_pipe("sentencizer"))
    model = Spacy(path=path, exclude=("sentencizer",))
    model.load()
    assert model._pipeline.pipe_names == ["entity_ruler"]
    assert model.signature() != Spacy(path=path).signature()
    with pytest.raises(ConfigError, match="has no parsr; it has entity_ruler, sentencizer"):
        Spacy(path=path, exclude=("parsr",)).load()


@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_no_numbers_are_refused(tmp_path):
    """A network with NaN finds nothing, which would be scored as a text without entities."""

    def train(pipeline):
        pipeline.add_pipe("ner").add_label("GPE")
        pipeline.initialize()

    path = save(tmp_path / "made", train, ruler=False)
    Spacy(path=path).load()

    def spoil(pipeline):
        train(pipeline)
        node = next(n for n in pipeline.get_pipe("ner").model.walk() if n.param_names and n.has_param(n.param_names[0]))
        node.set_param(node.param_names[0], node.get_param(node.param_names[0]) * float("nan"))

    path = save(tmp_path / "spoilt", spoil, ruler=False)
    with pytest.raises(ResourceError, match="not finite"):
        Spacy(path=path).load()


def test_without_spacy_it_says_how_to_get_it(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ResourceError, match="pip install spacy"):
        Spacy(path=path).load()


def test_a_broken_meta_is_no_pipeline(tmp_path):
    path = save(tmp_path / "made")
    (tmp_path / "made" / "meta.json").write_text(json.dumps([1]))
    with pytest.raises(ResourceError):
        Spacy(path=path).load()


@pytest.mark.parametrize("given", [{"path": " "}, {"batch_size": 0}, {"max_length": 1}, {"stride": -1}])
def test_values_that_cannot_be_meant(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        Spacy(**{"path": "x", **given})
