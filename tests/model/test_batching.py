"""Rows of tokens as tensors."""

import pytest

from harness.model.batching import pad, rows

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.core


def test_rows_are_padded_on_the_right_and_padding_is_masked():
    given = [{"input_ids": [5, 6, 7], "token_type_ids": [0, 1, 1]}, {"input_ids": [8], "token_type_ids": [1]}]
    padded = pad(given, 9, "cpu")
    assert {key: values.tolist() for key, values in padded.items()} == {
        "input_ids": [[5, 6, 7], [8, 9, 9]],
        "token_type_ids": [[0, 1, 1], [1, 0, 0]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
    }
    assert {values.dtype for values in padded.values()} == {torch.int64}


def test_a_mask_that_is_given_is_kept():
    padded = pad(
        [{"attention_mask": [1, 0], "input_ids": [5, 6]}, {"attention_mask": [1], "input_ids": [7]}], None, "cpu"
    )
    assert {key: values.tolist() for key, values in padded.items()} == {
        "attention_mask": [[1, 0], [1, 0]],
        "input_ids": [[5, 6], [7, 0]],
    }


def test_rows_of_what_a_model_takes():
    encoded = {"input_ids": [[1, 2], [3]], "token_type_ids": [[0, 0], [0]], "length": [2, 1]}
    assert rows(encoded, ["input_ids", "attention_mask"]) == [{"input_ids": [1, 2]}, {"input_ids": [3]}]
