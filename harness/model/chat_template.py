"""Chat templates of checkpoints: those that write today's date write the same one every day."""

import datetime
import re

# The day that Llama's templates fall back on. With the real one the same question would be another one tomorrow, and a
# run that goes on after midnight would not end as one that was never cut off.
TODAY = datetime.date(2024, 7, 26)
_NOW = re.compile(r"""strftime_now\(\s*(["'])([^"']*)\1\s*\)""")


def on_one_day(template: str) -> str:
    """A chat template with one day in place of today.

    Example:
        >>> on_one_day('Today Date: {{ strftime_now("%d %b %Y") }}')
        "Today Date: {{ '26 Jul 2024' }}"
    """
    return _NOW.sub(lambda found: f"'{TODAY.strftime(found[2])}'", template)
