"""How alike two texts are in the eyes of an encoder: token vectors matched greedily, as BERTScore does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from harness.errors import ConfigError
from harness.judge.base import Finding, Question
from harness.model.batching import keys, pad, rows
from harness.model.checkpoint import HfModel
from harness.model.token_counter import TokenCounter


class _Tokens(NamedTuple):
    """A text's tokens: unit vectors of shape (tokens, width), and which are its own rather than special."""

    vectors: Any
    own: Any


@dataclass(frozen=True, kw_only=True)
class HfEncoder(TokenCounter, HfModel):
    """Greedy cosine matching of contextual token vectors (Zhang et al. 2020, https://openreview.net/forum?id=SkeHuCVFDr).

    A question is `text` and `reference`; the finding is `precision` (mean over the text's tokens of the highest cosine
    with a token of the reference), `recall` (the other way round) and `f1`, or null where a side has no tokens or the
    numbers are not finite. As in bert-score without idf, tokens are not weighted by rarity, and the special tokens at
    a text's ends may be matched but look for no match. A text longer than the model reads is read in windows, one
    after the other, so nothing of it is left out (bert-score cuts it). Of an encoder-decoder, the encoder is asked.
    What it reads is counted, special tokens included and padding not; equal texts that are asked about together once.

    Args:
        layer: Which layer's vectors, counted from 0, the embeddings; None for the last.
    """

    asks: ClassVar[tuple[str, ...]] = ("text", "reference")
    kind: ClassVar[str] = "hf_encoder"
    auto_class: ClassVar[str] = "AutoModel"
    task: ClassVar[str] = "similarity"

    layer: int | None = None

    def judge(self, questions: Sequence[Question]) -> list[Finding]:
        """One finding per question, in the same order; every text is encoded once."""
        if not questions:
            return []
        texts = list(dict.fromkeys(one for question in questions for one in (question["text"], question["reference"])))
        vectors = dict(zip(texts, self._encoded(texts), strict=True))
        return [_matched(vectors[question["text"]], vectors[question["reference"]]) for question in questions]

    def check(self) -> None:
        """Looks into the configuration and the tokenizer; loads no weights.

        Raises:
            ResourceError: They cannot be read.
            ConfigError: The model has no such layer, or reads fewer tokens than `max_length`.
        """
        _ = self.limit
        layers = int(self.config.num_hidden_layers)
        if self.layer is not None and not 0 <= self.layer <= layers:
            raise ConfigError(f"layer: {self.path} has layers 0 (the embeddings) to {layers}, got {self.layer}")

    def _from_pretrained(self, auto: str, **given: Any) -> Any:
        """Also takes a checkpoint without a pooler, as models with other heads are stored: no vector comes from it."""
        found = super()._from_pretrained(auto, **given)
        if auto == self.auto_class:
            _, info = found
            info["missing_keys"] = {key for key in info["missing_keys"] if not key.startswith("pooler.")}
        return found

    def _encoded(self, texts: Sequence[str]) -> list[_Tokens]:
        import torch

        network, tokenizer = self.network, self.tokenizer
        if network.config.is_encoder_decoder:
            network = network.get_encoder()
        cut: dict[str, Any] = {}
        if self.limit is not None:
            cut = {"truncation": True, "max_length": self.limit, "return_overflowing_tokens": True}
        # As bert-score reads them: a first word after a space is another token to these tokenizers than one without.
        space = " " if type(tokenizer).__name__.startswith(("Roberta", "GPT2")) else ""
        stripped = [space + text.strip() if text.strip() else "" for text in texts]
        encoded = tokenizer(stripped, return_special_tokens_mask=True, verbose=False, **cut)
        owners = encoded.get("overflow_to_sample_mapping", list(range(len(texts))))
        windows = rows(encoded, keys(network, tokenizer))
        units: list[list[Any]] = [[] for _ in texts]
        # A text without a token, special ones included, is not read.
        vectors: list[Any] = [torch.empty(0, 0)] * len(windows)

        def read(chosen: list[int]) -> None:
            tensors = pad([windows[i] for i in chosen], self.filler, network.device)
            with torch.inference_mode():
                states = network(**tensors, output_hidden_states=True).hidden_states
            layer = states[-1 if self.layer is None else self.layer].float()
            for row, i in enumerate(chosen):
                vectors[i] = torch.nn.functional.normalize(layer[row, : len(windows[i]["input_ids"])], dim=-1).cpu()

        lengths = [len(window["input_ids"]) for window in windows]
        self.budget.run(lengths, self.batch_size, read)
        self.usage["input_tokens"] += sum(lengths)
        own: list[list[bool]] = [[] for _ in texts]
        for owner, vector, special in zip(owners, vectors, encoded["special_tokens_mask"], strict=True):
            units[owner].append(vector)
            own[owner] += [not one for one in special]
        return [
            _Tokens(torch.cat(several), torch.tensor(mask, dtype=torch.bool))
            for several, mask in zip(units, own, strict=True)
        ]


def _matched(text: _Tokens, reference: _Tokens) -> Finding:
    import torch

    if not bool(text.own.any()) or not bool(reference.own.any()):
        return None
    alike = text.vectors @ reference.vectors.T
    if not bool(torch.isfinite(alike).all()):
        return None
    precision = float(alike[text.own].max(dim=1).values.double().mean())
    recall = float(alike[:, reference.own].max(dim=0).values.double().mean())
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}
