import pytest

from harness.metric.content_words import STOP_WORDS, content_words
from harness.metric.quantities import Quantities

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("text", "stems", "numbers"),
    [
        ("The lawyers were forced to sign contracts.", {"lawyer", "forc", "sign", "contract"}, 0),
        ("He did not sign", {"not", "sign"}, 0),  # a denial differs
        ("1,000 of one thousand men", {"men"}, 2),
        ("Ким 北京", {"ким", "北", "京"}, 0),
        ("of the and", set(), 0),
        ("", set(), 0),
        ("😀!", set(), 0),
    ],
)
def test_by_hand(text, stems, numbers):
    found, values = content_words(text)
    assert found == stems
    assert len(values) == numbers


def test_numbers_are_no_words():
    stems, values = content_words("On 27 May twenty-three men paid 5 per cent.")
    assert stems == {"men", "pay"}
    assert Quantities(values).keys >= {"date=5-27", "23", "5%"}


def test_negation_is_content():
    assert not {"no", "not", "never", "none"} & STOP_WORDS
