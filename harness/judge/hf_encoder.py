"""How alike two texts are in the eyes of an encoder: token vectors matched greedily, as BERTScore does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.judge.base import Finding, Question
from harness.model.batching import TOKENS_PER_ROW, batches, keys, pad, rows
from harness.model.checkpoint import HfModel


@dataclass(frozen=True, kw_only=True)
class HfEncoder(HfModel):
    """Greedy cosine matching of contextual token vectors (Zhang et al. 2020, https://openreview.net/forum?id=SkeHuCVFDr).

    A question is `text` and `reference`; the finding is `precision` (mean over the text's tokens of the highest cosine
    with a token of the reference), `recall` (the other way round) and `f1`, or null where a side has no tokens or the
    numbers are not finite. Tokens are not weighted by rarity, special tokens take no part. A text longer than the model
    reads is read in windows, one after the other, so nothing of it is left out.

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
        texts = list(dict.fromkeys(one for question in questions for one in (question["text"], question["reference"])))
        vectors = dict(zip(texts, self._encoded(texts), strict=True))
        return [_matched(vectors[question["text"]], vectors[question["reference"]]) for question in questions]

    def load(self) -> None:
        """Loads everything now.

        Raises:
            ResourceError: As every checkpoint.
            ValueError: The model has no such layer.
        """
        super().load()
        layers = int(self.config.num_hidden_layers)
        if self.layer is not None and not 0 <= self.layer <= layers:
            raise ValueError(f"layer: {self.path} has layers 0 (the embeddings) to {layers}, got {self.layer}")

    def _encoded(self, texts: Sequence[str]) -> list[Any]:
        """Unit vectors of each text's tokens, shape (tokens, width)."""
        import torch

        self.load()
        network, tokenizer = self.network, self.tokenizer
        cut: dict[str, Any] = {}
        if self.limit is not None:
            cut = {"truncation": True, "max_length": self.limit, "return_overflowing_tokens": True}
        encoded = tokenizer(list(texts), return_special_tokens_mask=True, verbose=False, **cut)
        owners = encoded.get("overflow_to_sample_mapping", list(range(len(texts))))
        windows = rows(encoded, keys(network, tokenizer))
        parts: list[Any] = [None] * len(windows)
        for chosen in batches(
            [len(w["input_ids"]) for w in windows], self.batch_size, TOKENS_PER_ROW * self.batch_size
        ):
            tensors = pad([windows[i] for i in chosen], tokenizer.pad_token_id, network.device)
            with torch.inference_mode():
                states = network(**tensors, output_hidden_states=True).hidden_states
            layer = states[-1 if self.layer is None else self.layer].float()
            for row, i in enumerate(chosen):
                own = [n for n, special in enumerate(encoded["special_tokens_mask"][i]) if not special]
                parts[i] = torch.nn.functional.normalize(layer[row, own], dim=-1).cpu()
        return [
            torch.cat([part for owner, part in zip(owners, parts, strict=True) if owner == number])
            for number in range(len(texts))
        ]


def _matched(text: Any, reference: Any) -> Finding:
    import torch

    if not len(text) or not len(reference):
        return None
    alike = text @ reference.T
    if not bool(torch.isfinite(alike).all()):
        return None
    precision = float(alike.max(dim=1).values.double().mean())
    recall = float(alike.max(dim=0).values.double().mean())
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}
