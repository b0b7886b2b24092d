"""The softmax against values worked by hand."""

import pytest

from harness.model.softmax import softmax

pytestmark = pytest.mark.core


def test_softmax():
    assert softmax([0.0, 0.0]) == [0.5, 0.5]
    assert softmax([1e4, 0.0]) == [1.0, 0.0]
    assert softmax([0.0, 1.0986122886681098]) == pytest.approx([0.25, 0.75])  # ln 3
