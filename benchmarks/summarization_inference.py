"""Speed of summaries by a causal language model: the harness's batches beside one `generate` per article.

Needs the weights of SmolLM2-135M-Instruct, in a folder or GGUF file that HARNESS_CAUSAL_WEIGHTS names; without it a
line says so. `python -m benchmarks.summarization_inference [ROUNDS]` prints the table.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from benchmarks.ner_inference import Times
from harness.compose import compose_jobs, parse_arguments
from harness.model.greedy import Written, generate
from harness.model.hf_causal import HfCausal
from harness.plan import plan
from harness.records import SummaryInput

WEIGHTS = "HARNESS_CAUSAL_WEIGHTS"
ARTICLES, NEW_TOKENS, AT_LEAST = 20, 48, 2.3


def model_and_prompts(weights: str) -> tuple[HfCausal, list[tuple[int, ...]]]:
    """The model as a run would have it, and its prompts for stretches of the seed text, which stand for articles."""
    arguments = ["model=hf_causal", f"model.path={weights}", "task=summarization", "model.summarization.device=cpu"]
    (task,) = plan(compose_jobs(parse_arguments(arguments))[0], writes=False).tasks
    model, given = task.model, task.examples[0].input
    assert isinstance(model, HfCausal)
    assert isinstance(given, SummaryInput)
    model.load()
    sentences = [text for _, text in given.sentences]
    articles = [" ".join(sentences[i % 12 : i % 12 + 4 + (7 * i) % 17]) for i in range(ARTICLES)]
    asked = [SummaryInput(str(i), "d", text, "headline", ()) for i, text in enumerate(articles)]
    return model, model._encode([model._text(one) for one in asked])


def one_by_one(model: HfCausal, prompts: list[tuple[int, ...]]) -> list[list[int]]:
    """The tokens that `generate` writes to each prompt alone, less the end."""
    import torch

    found = []
    for prompt in prompts:
        with torch.inference_mode():
            ids = torch.tensor([prompt])
            written = model.network.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False
            )
        found.append([token for token in written[0, len(prompt) :].tolist() if token not in model._ends])
    return found


def table(rounds: int) -> list[str]:
    """Markdown lines; a line instead of a table where the weights are not there."""
    title = f"## Summaries by a causal language model ({rounds} rounds, interleaved)"
    weights = os.environ.get(WEIGHTS)
    if not weights:
        return [title, "", f"Not measured: {WEIGHTS} names no weights."]
    import torch

    began = time.perf_counter()
    model, prompts = model_and_prompts(weights)
    loaded = time.perf_counter() - began
    batched, single = Times(), Times()
    ours: list[Written] = []
    theirs: list[list[int]] = []
    same = True

    def batches() -> None:
        ours[:] = generate(model.network, prompts, most=NEW_TOKENS, batch_size=model.batch_size, ends=model._ends)

    def singly() -> None:
        theirs[:] = one_by_one(model, prompts)

    for _ in range(rounds):
        batched.measure(batches)
        single.measure(singly)
        same &= [list(one.tokens) for one in ours] == theirs
    wall, processor = batched.ratio(single)
    holds = "yes" if same and wall >= AT_LEAST else "**no**"
    lengths = sorted(map(len, prompts))
    return [
        title,
        "",
        f"{ARTICLES} stretches of the seed text, prompts of {lengths[0]} to {lengths[-1]} tokens, at most {NEW_TOKENS} "
        f"new ones each, greedy; `{Path(weights).name}` in float32, {torch.get_num_threads()} threads, batches of "
        f"{model.batch_size}. Loading took {loaded:.1f} s and is in none of it.",
        "",
        "| what | beside | s | theirs s | ratio | of processor time | same outputs | at least | holds |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | --- |",
        f"| batches | `generate`, one by one | {statistics.median(batched.wall):.1f} | "
        f"{statistics.median(single.wall):.1f} | {wall:.2f} x | {processor:.2f} x | {'yes' if same else 'no'} | "
        f"{AT_LEAST:g} x | {holds} |",
    ]


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
