"""The commands that run a daemon: for good, as a quickstart, as a demonstration."""

import asyncio
import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:  # what only a running command loads
    from tokenward.app.daemon import Daemon
    from tokenward.app.quickstart import Addresses
    from tokenward.schema.address import Address

log_format_option = click.option(
    "--log-format", type=click.Choice(["json", "text"]), help="How log lines look: text on a terminal, else json."
)


@verb(
    "run",
    examples=(
        "tokenward run",
        "tokenward run --config /etc/tokenward/tokenward.toml",
        "tokenward run --log-format json",
    ),
)
@log_format_option
def run(invocation: Invocation, log_format: str | None) -> None:
    """Run the daemon in the foreground.

    SIGTERM ends it after the steps in hand, SIGHUP reads the configuration again.
    """
    from tokenward.app.daemon import Daemon
    from tokenward.app.outside import Outside

    config = invocation.config_path()
    _log_as(log_format, _level_in(config))
    asyncio.run(_serve(Daemon(config, Outside(os.environ))))


@verb(
    "quickstart",
    examples=(
        "tokenward quickstart",
        "tokenward quickstart --dir /tmp/try --operations 127.0.0.1:9900 --public 127.0.0.1:9901",
        "tokenward quickstart --dir /tmp/kim --by-hand    # be the custodian yourself",
        "tokenward status --config var/tokenward.toml",
    ),
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var"),
    show_default=True,
    help="Where everything is kept; a later start goes on with it.",
)
@click.option("--operations", metavar="HOST:PORT", help="Where board, metrics and health listen.")
@click.option("--public", metavar="HOST:PORT", help="What people and identity providers may reach.")
@click.option("--by-hand", is_flag=True, help="In a new folder: have a person, you, link the service main.")
@log_format_option
def quickstart(
    _invocation: Invocation,
    folder: Path,
    operations: str | None,
    public: str | None,
    log_format: str | None,
    *,
    by_hand: bool,
) -> None:
    """Try the whole loop on this machine, with a stand-in for Apple.

    The service "main" is linked within seconds. "labs" waits for its certificate: copy one to
    DIR/drop/certificates/labs.pem. Then drop events into DIR/drop/events/ and watch. With --by-hand a person is asked
    to link "main": open the address that is printed, be Kim, and download the token at the stand-in's portal.
    """
    from tokenward.app.quickstart import Addresses

    addresses = Addresses(_address(operations, "--operations"), _address(public, "--public"))
    _log_as(log_format, "info")
    asyncio.run(_quickstart(folder.absolute(), addresses, by_hand=by_hand))


@verb("demo", examples=("tokenward demo", "tokenward demo --json", "tokenward demo --dir /tmp/demo"))
@json_option
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Play there and keep everything, instead of in a folder that goes away.",
)
def demo(invocation: Invocation, folder: Path | None, *, as_json: bool) -> int:
    """Watch a year in the life of two services, in half a minute.

    A real daemon, a stand-in for Apple and a small device management service beside it play eight rotations: a first
    link, a dropped certificate, a changed password, a departure and the end of the year. It ends with 0 only if each
    was proven and each old token is refused.
    """
    _log_as("json", "error")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return _demo(folder.absolute(), invocation, as_json=as_json)
    with tempfile.TemporaryDirectory(prefix="tokenward-demo-") as temporary:
        return _demo(Path(temporary), invocation, as_json=as_json)


def _demo(folder: Path, invocation: Invocation, *, as_json: bool) -> int:
    from tokenward.app.demo import play
    from tokenward.cli.demo_display import Display

    with Display(invocation) as display:
        result = asyncio.run(play(folder, display))
    if as_json:
        click.echo(json.dumps(result.as_json()))
    else:
        display.show(result)
    return Exit.WELL if result.is_well else Exit.FAILED


async def _quickstart(folder: Path, addresses: "Addresses", *, by_hand: bool) -> None:
    from tokenward.app.daemon import Daemon
    from tokenward.app.outside import Outside
    from tokenward.app.quickstart import StandInKeeper, prepare, refuse_if_in_use

    refuse_if_in_use(folder)
    keeper = StandInKeeper(folder / "simulator")
    try:
        stand_in = await keeper.start()
        config = prepare(folder, stand_in, addresses, by_hand=by_hand)
        daemon = Daemon(config, Outside(os.environ), addresses.over)
        await _serve(daemon, lambda: _say_all(daemon, folder, stand_in.portal))
    finally:
        await keeper.end()


async def _say_all(daemon: "Daemon", folder: Path, portal: str) -> None:
    """Say where everything is, and at which address each person's page is as soon as they are asked for something."""
    _say_where(daemon, folder, portal)
    said: set[str] = set()
    while daemon.core is not None and daemon.faces is not None:
        for person, link in (await daemon.core.live_links()).items():
            if link not in said:
                click.echo(f"  {person.title():<9} http://{daemon.faces.public}/handover/{link}", err=True)
                said.add(link)
        await daemon.core.commits.wait()


async def _serve(daemon: "Daemon", when_ready: Callable[[], Awaitable[None]] | None = None) -> None:
    """Run *daemon* until a signal ends it."""
    _favour_the_loop()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
    said = asyncio.create_task(_when_ready(daemon, when_ready)) if when_ready else None
    try:
        await daemon.run(stop)
    finally:
        if said is not None:
            said.cancel()


def _favour_the_loop() -> None:
    """Keep the threads that render pages and metrics from holding the event loop up.

    They let go of the interpreter after 1 ms instead of 5, and the garbage collector, which lets nobody else run, does
    not look again and again through what was loaded for good.
    """
    sys.setswitchinterval(0.001)
    gc.freeze()


async def _when_ready(daemon: "Daemon", say: Callable[[], Awaitable[None]]) -> None:
    await daemon.ready.wait()
    await say()


def _say_where(daemon: "Daemon", folder: Path, portal: str) -> None:
    if daemon.faces is None:
        return
    config = folder / "tokenward.toml"
    click.echo(
        f"\n  Tokenward runs in {folder}\n\n"
        f"  Board     http://{daemon.faces.operations}/\n"
        f"  Metrics   http://{daemon.faces.metrics}/metrics\n"
        f"  Portal    {portal}/ is the stand-in's: play Apple's side by hand\n"
        f"  Drop      {folder / 'drop'}\n"
        f"  Status    tokenward --config {config} status\n"
        f"  Try       openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=labs -keyout labs.key -out labs.pem\n"
        f"            cp labs.pem {folder / 'drop' / 'certificates'}/\n"
        f"  End       Ctrl-C\n",
        err=True,
    )


def _address(text: str | None, option: str) -> "Address | None":
    from tokenward.schema.address import Address
    from tokenward.schema.fault import Fault

    if text is None:
        return None
    try:
        return Address.parse(text)
    except Fault as fault:
        raise click.BadParameter(f"{fault.wrong}; right: {fault.right}", param_hint=option) from fault


def _level_in(config: Path) -> str:
    from tokenward.app.settings_load import load

    settings = load(config).settings
    return settings.daemon.log_level if settings is not None else "info"


def _log_as(form: str | None, level: str) -> None:
    from tokenward.app import logs

    text = form == "text" or (form is None and sys.stderr.isatty())
    logs.set_up(level, "text" if text else "json")
