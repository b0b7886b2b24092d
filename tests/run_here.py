"""A run as the command line makes it, at a third of its cost; test files read this one with `runpy`."""

from harness.compose import compose_jobs, parse_arguments
from harness.evaluate import Progress, run_plan
from harness.plan import plan


def carry_out(arguments):
    """Carries out `key=value ...` and leaves the run folders that `python -m harness` would; prints nothing.

    Hydra composes a configuration twice more than is needed to run it, which is most of what a small run costs. It is
    for tests of what is done with runs; what the command itself says and returns is tested through the command.
    """
    for job in compose_jobs(parse_arguments(arguments)):
        for outcome in run_plan(plan(job), stop=lambda: None, progress=Progress()):
            assert outcome.status == "complete", outcome
