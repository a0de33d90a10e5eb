"""``python -m tokenward.simulator --dir DIR``: runs the stand-in for Apple's side until SIGTERM."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tokenward.simulator.durable import CannotStart
from tokenward.simulator.serve import Options, prepare, run


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop; return the exit code: 0 well, 1 could not start, with one line on stderr."""
    options = _options(argv)
    try:
        prepared = prepare(options)
    except CannotStart as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - the promised line on stderr
        return 1
    asyncio.run(run(options, prepared))
    return 0


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="tokenward simulator",
        description="A stand-in for Apple's side and a small device management service, on loopback.",
    )
    parser.add_argument("--dir", type=Path, required=True, help="where state.json is kept")
    parser.add_argument("--seed", type=Path, help="organisation and users of the first start, as JSON")
    parser.add_argument("--parent-pid", type=int, help="end when this process has ended")
    chosen = parser.parse_args(argv)
    return Options(chosen.dir, chosen.seed, chosen.parent_pid)


if __name__ == "__main__":
    sys.exit(main())
