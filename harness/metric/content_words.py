"""What a text is about, word by word: stems of its words that carry meaning, and its numbers and dates."""

from functools import lru_cache

from harness.metric.quantities import Quantity, quantities
from harness.metric.rouge_stem import stem
from harness.metric.words import words

# English words that join others. Words of negation are content: a fact and its denial differ by them.
_STOP_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have having he
    her here hers herself him himself his how i if in into is it its itself just may me might more most must my
    myself now of off on once only or other our ours ourselves out over own said same say says saying shall she
    should so some such than that the their theirs them themselves then there these they this those through to
    too under until up upon us very was we were what when where which while who whom whose why will with would
    yet you your yours yourself yourselves s t d ll m re ve lrb rrb
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=2**12)
def content_words(text: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    """Stems of a text's content words, and its numbers and dates, which are no words then.

    A word is a run of letters and digits of any script (a character of scripts without spaces); English words are
    stemmed as ROUGE-1.5.5 does.

    Example:
        >>> stems, found = content_words("The lawyers were forced to sign 1,000 contracts.")
        >>> sorted(stems), sorted(found[0].keys)
        (['contract', 'forc', 'lawyer', 'sign'], ['1000'])
    """
    found = quantities(text)
    rest, end = [], 0
    for one in found:
        rest.append(text[end : one.start])
        end = one.end
    rest.append(text[end:])
    kept = (word for word in words(" ".join(rest)) if word not in STOP_WORDS)
    return frozenset(stem(word) if word.isascii() else word for word in kept), found
