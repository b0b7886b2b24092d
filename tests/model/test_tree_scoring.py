"""Packed scoring against one prompt at a time: the same numbers, whatever the prompts share."""

import itertools
import math
import os
import random

import pytest

from harness.model.tree_scoring import (
    Prefix,
    Question,
    _packs,
    can_pack,
    common_length,
    label_log_probabilities,
    make_tree,
)

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

VOCABULARY = 60


def llama(**given):
    torch.manual_seed(11)
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.5,
        **given,
    )
    return transformers.LlamaForCausalLM(config).eval()


def alone(network, question):
    """Each label on its own, with the whole row in one plain pass: what all else is held to."""
    found = []
    for label in question.labels:
        ids = torch.tensor([[*question.prompt, *label]])
        with torch.inference_mode():
            logs = network(ids).logits[0].double().log_softmax(-1)
        first = len(question.prompt) - 1
        found.append(sum(logs[first + k, token].item() for k, token in enumerate(label)))
    return found


def made_up(seed, prefix=30, sentences=4, targets=3):
    """Sentences with several targets each, behind a common beginning; labels of one to three tokens."""
    draw = random.Random(seed)
    row = lambda length: tuple(draw.randrange(VOCABULARY) for _ in range(length))  # noqa: E731
    begin, ends = row(prefix), [row(draw.randint(2, 6)) for _ in range(targets)]
    labels = ((1,), (2, 3), (2, 3, 4))  # the second begins the third
    questions = []
    for _ in range(sentences):
        sentence = row(draw.randint(1, 15))
        questions += [Question(begin + sentence + end, labels) for end in ends]
    draw.shuffle(questions)
    return questions


def close(found, expected):
    return all(
        abs(one - other) < 1e-4
        for row, wanted in zip(found, expected, strict=True)
        for one, other in zip(row, wanted, strict=True)
    )


@pytest.mark.parametrize("pack_tokens", [1, 40, 512])
@pytest.mark.parametrize("prefix", [1, 30])
def test_a_packed_tree_scores_as_each_prompt_alone(pack_tokens, prefix):
    network = llama()
    questions = made_up(3, prefix)
    expected = [alone(network, question) for question in questions]
    found = label_log_probabilities(network, questions, pack_tokens=pack_tokens, batch_size=4)
    assert close(found, expected)
    # Labels differ, so that a mix-up would show.
    assert len({round(value, 3) for row in expected for value in row}) > len(expected)


def test_what_earlier_batches_computed_may_be_longer_or_shorter_or_of_no_use():
    network, kept = llama(), Prefix()
    several = [made_up(3), made_up(3, sentences=1), made_up(4), made_up(3)[:1], made_up(3), made_up(5, prefix=2)]
    for questions in several:
        found = label_log_probabilities(network, questions, pack_tokens=64, batch_size=4, prefix=kept)
        assert close(found, [alone(network, question) for question in questions])
        # To the last digit, since a run that is resumed has other earlier batches.
        assert found == label_log_probabilities(network, questions, pack_tokens=64, batch_size=4)


def test_the_shared_beginning_is_read_once():
    network, read = llama(), []
    network.register_forward_pre_hook(
        lambda module, args, given: read.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    questions, kept = made_up(3, prefix=200), Prefix()
    label_log_probabilities(network, questions, pack_tokens=512, batch_size=4, prefix=kept)
    # The prefix and one tree; every prompt by itself would have been 200 tokens and more, twelve times.
    assert len(read) == 2
    assert sum(read) < 400
    label_log_probabilities(network, made_up(3, prefix=200)[::-1], pack_tokens=512, batch_size=4, prefix=kept)
    assert read[2:] == read[1:2]


def test_one_question_and_none():
    network = llama()
    question = made_up(3)[0]
    assert label_log_probabilities(network, [], pack_tokens=512, batch_size=4) == []
    assert close(
        label_log_probabilities(network, [question], pack_tokens=512, batch_size=4), [alone(network, question)]
    )
    shortest = Question((5,), ((1,), (2, 3)))
    assert close(label_log_probabilities(network, [shortest], pack_tokens=9, batch_size=4), [alone(network, shortest)])


def test_scores_that_are_no_numbers_are_told():
    network = llama()
    with torch.no_grad():
        network.model.embed_tokens.weight[7] = float("nan")
    questions = [Question((5, 6), ((1,), (2,))), Question((5, 7), ((1,), (2,)))]
    sound, broken = label_log_probabilities(network, questions, pack_tokens=512, batch_size=4)
    assert close([sound], [alone(network, questions[0])])
    assert all(map(math.isnan, broken))


def other_models():
    same = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    llamas = {**same, "intermediate_size": 64, "num_key_value_heads": 2, "initializer_range": 0.5}
    yield "mistral", transformers.MistralForCausalLM, transformers.MistralConfig(sliding_window=8, **llamas), False
    yield (
        "mistral without a window",
        transformers.MistralForCausalLM,
        transformers.MistralConfig(sliding_window=None, **llamas),
        True,
    )
    yield "qwen2", transformers.Qwen2ForCausalLM, transformers.Qwen2Config(**llamas), True
    yield (
        "gemma3",
        transformers.Gemma3ForCausalLM,
        transformers.Gemma3TextConfig(sliding_window=8, head_dim=8, **llamas),
        False,
    )
    yield (
        "bloom",
        transformers.BloomForCausalLM,
        transformers.BloomConfig(vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.5),
        False,
    )
    yield (
        "mamba",
        transformers.MambaForCausalLM,
        transformers.MambaConfig(
            vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=4, initializer_range=0.5
        ),
        False,
    )
    yield (
        "gpt2",
        transformers.GPT2LMHeadModel,
        transformers.GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, initializer_range=0.5),
        True,
    )


@pytest.mark.parametrize(("make", "config", "packs"), [pytest.param(*rest, id=name) for name, *rest in other_models()])
def test_models_whose_tokens_do_not_see_all_others_are_read_plainly(make, config, packs):
    torch.manual_seed(5)
    network = make(config).eval()
    assert can_pack(network) is packs
    questions = made_up(3, sentences=2)
    found = label_log_probabilities(network, questions, pack_tokens=100, batch_size=3)
    assert close(found, [alone(network, question) for question in questions])


def test_a_tree_holds_every_row_once():
    rows = sorted(set(itertools.product([1, 2], [1, 2], [1, 2, 3])))
    tree = make_tree(rows, [3] * len(rows))
    assert [tuple(tree.tokens[node] for node in tail) for tail in tree.tails] == rows
    assert len(tree.tokens) == 2 + 4 + 12
    for node, end in enumerate(tree.ends):
        assert all(tree.depths[other] > tree.depths[node] for other in range(node + 1, end))


def test_packs_cover_all_rows_in_order_and_keep_what_belongs_together():
    rows = sorted((sentence, *range(20), target) for sentence in range(6) for target in range(5))
    ranges = list(_packs(rows, 60))
    assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == len(rows)
    # Two sentences of 26 tokens fit; a third is not begun.
    assert ranges == [(0, 10), (10, 20), (20, 30)]


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [((), (1,), 0), ((1,), (2,), 0), ((1, 2, 3), (1, 2), 2), ((1,) * 99, (1,) * 98 + (2,), 98)],
)
def test_common_length(one, other, length):
    assert common_length(one, other) == common_length(other, one) == length


@pytest.mark.skipif(
    "HARNESS_CAUSAL_WEIGHTS" not in os.environ, reason="left out: HARNESS_CAUSAL_WEIGHTS names no model"
)
def test_real_weights_score_as_each_prompt_alone():
    from pathlib import Path

    path = Path(os.environ["HARNESS_CAUSAL_WEIGHTS"])
    given = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
    folder = path.parent if given else path
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **given).eval()
    questions = made_up(3, sentences=2)
    found = label_log_probabilities(network, questions, pack_tokens=512, batch_size=4)
    assert close(found, [alone(network, question) for question in questions])
