"""Tokenizers of a handful of words, a token each, for models that tests make in memory."""

import tokenizers
import transformers

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def encoder_tokenizer(words, **given):
    """As BERT's: one text or a pair between marks, which are tokens 0 to 3.

    Args:
        words: Tokens from 4 on.
        given: Of the tokenizer, such as `model_max_length` or `model_input_names`.
    """
    made = _made([*MARKS, *words], "[UNK]")
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    pad, unknown, begin, end = MARKS
    special = {"pad_token": pad, "unk_token": unknown, "cls_token": begin, "sep_token": end}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **special, **given)


def causal_tokenizer(words):
    """As Llama's: a text after its beginning `<s>`; `<unk>`, `</s>` and `<s>` are tokens 0 to 2."""
    made = _made(["<unk>", "</s>", "<s>", *words], "<unk>")
    made.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="</s>", unk_token="<unk>", bos_token="<s>"
    )


def _made(tokens, unknown):
    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token=unknown)
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return made
