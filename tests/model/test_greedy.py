"""Continuing many prompts together: the same tokens as each prompt alone, on any model, and what is read for it."""

from types import SimpleNamespace

import pytest

from harness.model import greedy, kv_cache
from harness.model.budget import Budget
from harness.model.greedy import generate
from harness.model.kv_cache import cache_budget, read_prompts
from tests.model.test_tree_scoring import VOCABULARY, llama, other_models

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

MOST = 5


def row(length, seed):
    return tuple(torch.randint(0, VOCABULARY, (length,), generator=torch.Generator().manual_seed(seed)).tolist())


PROMPTS = [row(length, length) for length in (1, 12, 5, 30, 2, 12)]
BEGINNING = row(70, 3)


def alone(network, prompt, most=MOST):
    """The likeliest token after the whole row so far, again and again, without cache, batch or `generate`."""
    written = []
    with torch.inference_mode():
        for _ in range(most):
            written.append(int(network(torch.tensor([[*prompt, *written]])).logits[0, -1].argmax()))
    return tuple(written)


def tokens(network, prompts, *, batch_size=8, budget=None, most=MOST, ends=()):
    found = generate(network, prompts, most=most, batch_size=batch_size, ends=ends, budget=budget)
    return [one.tokens for one in found]


def room_for_two(monkeypatch):
    """Lets memory hold two prompts; gives the sizes of the batches that are tried."""
    sizes = []

    def read(network, prompts, *rest):
        sizes.append(len(prompts))
        if len(prompts) > 2:
            raise MemoryError
        return read_prompts(network, prompts, *rest)

    monkeypatch.setattr(greedy, "read_prompts", read)
    return sizes


def widths_read(network, prompts, **given):
    """Rows and tokens of each pass that reads prompts."""
    shapes = []
    hook = network.register_forward_pre_hook(
        lambda module, args, given: shapes.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    tokens(network, prompts, **given)
    hook.remove()
    return shapes[: len(shapes) - given.get("most", MOST)]


@pytest.mark.parametrize(
    ("make", "config"), [pytest.param(make, config, id=name) for name, make, config, _ in other_models()]
)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_any_model_writes_what_it_would_write_to_each_prompt_alone(make, config, attention):
    torch.manual_seed(5)
    network = make(config).eval()
    if attention == "eager":
        network.set_attn_implementation("eager")
    prompts = [*PROMPTS, *(BEGINNING + prompt for prompt in PROMPTS[:3])]
    found = tokens(network, prompts, batch_size=4)
    assert found == [alone(network, prompt) for prompt in prompts]
    assert len(set(found)) > len(prompts) // 2


@pytest.mark.parametrize("batch_size", [2, 6])
@pytest.mark.parametrize("pass_tokens", [1, 20])
def test_neither_batches_nor_passes_move_a_token(batch_size, pass_tokens):
    network = llama()
    alike = [(*BEGINNING, 4), (*BEGINNING, 5)], [BEGINNING] * 3, [BEGINNING, (*BEGINNING, 4)]
    for prompts in (PROMPTS, [BEGINNING + prompt for prompt in PROMPTS], *alike, [(3,)], [(3,), (4,)]):
        found = tokens(network, prompts, batch_size=batch_size, budget=Budget(pass_tokens))
        assert found == [alone(network, prompt) for prompt in prompts]


def test_prompts_are_read_in_passes_of_like_length_and_continued_together():
    # All but the last token of each: 29, 11 twice, 4 and 1; a prompt of one token has nothing before it.
    assert widths_read(llama(), PROMPTS, budget=Budget(30)) == [(1, 29), (2, 11), (2, 4)]


def test_what_all_begin_with_is_read_once():
    prompts = [BEGINNING + prompt for prompt in PROMPTS]
    assert widths_read(llama(), prompts, budget=Budget(30))[0] == (1, 70)
    assert sum(rows * width for rows, width in widths_read(llama(), prompts, budget=Budget(30))) < 140


def test_no_step_copies_what_is_kept(monkeypatch):
    network, caches, places = llama(), [], []
    monkeypatch.setattr(greedy, "read_prompts", lambda *given: caches.append(read_prompts(*given)) or caches[0])

    def look(*_):
        for cache in caches:
            keys = cache.layers[0].keys
            places.append((keys.data_ptr(), keys.shape[2]))

    hook = network.register_forward_hook(look)
    tokens(network, [row(10, 1), row(4, 2)], most=3)
    hook.remove()
    # The same memory at every step, seen one token further.
    assert [length for _, length in places] == [10, 11, 12]
    assert len({place for place, _ in places}) == 1


def test_nothing_asked():
    assert generate(llama(), [], most=3, batch_size=2, ends=[]) == []


def test_a_prompt_whose_scores_are_no_numbers_spoils_no_neighbour():
    network = llama()
    with torch.no_grad():
        network.model.embed_tokens.weight[7] = float("nan")
    clean = [(5, 6, 8, 9, 10), (4, 3)]
    first, broken, second = generate(network, [clean[0], (5, 7, 6), clean[1]], most=3, batch_size=3, ends=[])
    assert not broken.finite
    assert first.finite
    assert second.finite
    assert [first.tokens, second.tokens] == [alone(network, prompt, 3) for prompt in clean]


def test_the_checkpoints_own_settings_of_generation_are_left_alone():
    network = llama()
    plain = tokens(network, PROMPTS)
    network.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=5.0, repetition_penalty=9.0, suppress_tokens=list(range(30)), min_new_tokens=5
    )
    own = network.generation_config
    assert tokens(network, PROMPTS) == plain
    assert network.generation_config is own


class TestMemory:
    def test_fewer_prompts_are_kept_at_once_where_the_cache_has_less_room(self, monkeypatch):
        network = llama()
        monkeypatch.setattr(greedy, "cache_budget", lambda _: Budget(2 * (12 + MOST)))
        made = []
        monkeypatch.setattr(greedy, "read_prompts", lambda *given: made.append(given[1]) or read_prompts(*given))
        assert tokens(network, PROMPTS) == [alone(network, prompt) for prompt in PROMPTS]
        assert [sorted(map(len, prompts)) for prompts in made] == [[30], [12, 12], [1, 2, 5]]

    def test_where_memory_runs_out_fewer_are_continued_together(self, monkeypatch):
        network, sizes = llama(), room_for_two(monkeypatch)
        assert tokens(network, PROMPTS[1:]) == [alone(network, prompt) for prompt in PROMPTS[1:]]
        # Halved twice; what was written by then is not written again.
        assert sizes == [5, 2, 3, 1, 2]

    def test_room_is_reckoned_from_what_a_token_keeps(self, monkeypatch):
        # Two layers of keys and values, two heads of 8 numbers, 4 bytes each.
        monkeypatch.setattr(kv_cache, "LEAST_BYTES", 2 * 2 * 2 * 8 * 4 * 100)
        monkeypatch.setattr(kv_cache, "SHARE_OF_WEIGHTS", 0)
        assert cache_budget(llama()).tokens == 100
        (layer, *_), each = read_prompts(llama(), PROMPTS[1:2], 1, Budget(100)).layers, 12
        assert (layer.keys.shape, layer._room[0].shape) == ((1, 2, 11, 8), (1, 2, each, 8))

    @pytest.mark.parametrize(
        ("free", "tokens"),
        [
            (2**40, 2**30 // 256),  # not more than on a CPU
            # 256 bytes a token: half of 1 MiB holds 2,048 of them.
            (2**20, 2048),
            (2**20 + 2**16, 2048),  # a little more moves nothing
            (0, 1),
        ],
    )
    def test_on_a_gpu_by_its_free_memory(self, monkeypatch, free, tokens):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2**40))
        made = llama()
        network = SimpleNamespace(
            parameters=made.parameters, config=made.config, dtype=made.dtype, device=torch.device("cuda:0")
        )
        assert cache_budget(network).tokens == tokens
