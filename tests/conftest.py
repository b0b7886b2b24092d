"""What every test shares: where optional data lies, and the rule that a core test is never skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test looks at a clock: on a machine under load an example, or making one, may take long. In CI the same commit
# tries the same examples every time; elsewhere each run looks for new ones.
settings.register_profile(
    "harness", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("harness")

ROOT = Path(__file__).resolve().parent.parent


def shared_data() -> Path | None:
    """The folder of published corpora, if it is here: HARNESS_DATA, or `shared/data` beside the checkout."""
    for place in (os.environ.get("HARNESS_DATA"), ROOT.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    return None


@pytest.fixture(scope="session")
def data() -> Path:
    """Published corpora, for tests that run where they are present."""
    found = shared_data()
    if found is None:
        pytest.skip("left out: no folder of published corpora (set HARNESS_DATA)")
    return found


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.get_closest_marker("core") and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "left out:" not in reason:
            report.outcome = "failed"
            report.longrepr = f"a core test was skipped: {reason}"
