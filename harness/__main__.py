"""`python -m harness`: a run, or a subcommand."""

import os
import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    sys.exit(command(sys.argv[1:]))


def command(arguments: list[str]) -> int:
    """Runs a command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code: 0 complete, 1 failed, 2 bad usage, config or data, 3 inconclusive, 130 and 143 on signals.
    """
    # Nothing is imported before it is needed: help must be there at once.
    of_run = not arguments or arguments[0].startswith(("-", "+", "~")) or "=" in arguments[0]
    if arguments[:1] == ["help"] or (of_run and not {"-h", "--help"}.isdisjoint(arguments)):
        from harness.usage import USAGE

        print(USAGE, end="")
        return 0
    if arguments[:1] == ["--version"]:
        from harness import __version__

        print(f"harness {__version__}")
        return 0
    from harness.errors import HarnessError

    try:
        if arguments and not arguments[0].startswith(("-", "+", "~")) and "=" not in arguments[0]:
            from harness.cli import subcommand

            return subcommand(arguments[0], arguments[1:])
        from harness.application import run

        return run(arguments)
    except HarnessError as error:
        if os.environ.get("HARNESS_DEBUG") == "1":
            raise
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is wrong with the run.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - so that the exit does not flush into the pipe
        return 0
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("harness"):
            raise
        print(
            f"harness: {error}: install the dependencies, or run it with the project's own .venv/bin/python",
            file=sys.stderr,
        )
        return 2
    except Exception as error:
        if os.environ.get("HARNESS_DEBUG") == "1":
            raise
        print(f"harness: {type(error).__name__}: {error} (HARNESS_DEBUG=1 shows where)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    main()
