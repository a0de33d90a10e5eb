"""``simulator``: the stand-in for Apple's side, run alone."""

import click

from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import verb


@verb("simulator", examples=("tokenward simulator --dir var/simulator",))
@click.option("--dir", "folder", metavar="DIR", required=True, help="Where its state is kept.")
@click.option("--seed", metavar="FILE", help="Organisation and users of the first start, as JSON.")
@click.option("--parent-pid", metavar="PID", type=int, help="End when this process has ended.")
def simulator(_invocation: Invocation, *, folder: str, seed: str | None, parent_pid: int | None) -> int:
    """Run the stand-in for Apple alone.

    Apple's portal, its device interface and a small device management service, on loopback, until SIGTERM. Its
    addresses are printed on stdout, as JSON.
    """
    from tokenward.simulator.__main__ import main

    arguments = ["--dir", folder]
    arguments += ["--seed", seed] if seed else []
    arguments += ["--parent-pid", str(parent_pid)] if parent_pid else []
    return main(arguments)
