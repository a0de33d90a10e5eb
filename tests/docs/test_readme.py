import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from threading import Event

import httpx2
import pytest

from docs.documents import ROOT, Block, blocks, rows
from tokenward.app.registry import ISSUERS, SOURCES, TARGETS
from tokenward.cli.exit_codes import Exit
from tokenward.cli.main import COMMANDS
from tokenward.crypto.sealing import parse_seal_key
from tokenward.model.secret import Secret

README = ROOT / "README.md"
_NOTIFY = ROOT / "daemon" / "tokenward" / "notify"
_PAGES = ROOT / "daemon" / "tokenward" / "web" / "templates"
BLOCKS = blocks(README)
NOTHING = Block("", "", "")
LONGEST_SECONDS = 30.0
NOBODY_SETS_IT = Event()
"""To wait for a moment between two looks."""
ANY_PORTS = ("--operations", "127.0.0.1:0", "--public", "127.0.0.1:0")
ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "COLUMNS": "120",
    "NO_COLOR": "1",
}


def shape(text):
    """Return the lines of *text* without what differs each time: numbers, dates, widths."""
    lines = (" ".join(re.sub(r"\d+(?:\.\d+)?", "N", line).split()) for line in text.splitlines())
    return [line for line in lines if line]


def noted(note):
    """Return the one block with this note."""
    return next(block for block in BLOCKS if block.note == note)


def run(script, folder):
    """Run *script* as somebody who pastes it would."""
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


@pytest.fixture
def folder():
    """A folder with a path that is short enough for a Unix socket."""
    path = Path(tempfile.mkdtemp(prefix="tw"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def metrics_url(folder):
    """A quickstart that runs in ``var``, as ``make run`` starts it, on ports that are free."""
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokenward", "quickstart", "--dir", "var", *ANY_PORTS],
            cwd=folder,
            env=ENVIRONMENT,
            stderr=said,
        )
        try:
            yield _said_url(process, folder / "said")
        finally:
            process.terminate()
            process.wait(LONGEST_SECONDS)


def _said_url(process, said):
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"Metrics +(\S+)", said.read_text())
        if found:
            return found[1]
        NOBODY_SETS_IT.wait(0.05)
    pytest.fail(f"the quickstart did not start: {said.read_text()[-2000:]}")


def _shown_in_time(block, status, following, folder):
    """Run *block*, which ends with *status*, until it prints what *following* shows; return how it last ended."""
    deadline = time.monotonic() + LONGEST_SECONDS
    wanted = shape(following.text) if following.language == "text" and not following.note else None
    while True:
        done = run(block.text, folder)
        if done.returncode == status and (wanted is None or shape(done.stdout) == wanted):
            return done, wanted
        if wanted is None or time.monotonic() > deadline:
            return done, wanted
        NOBODY_SETS_IT.wait(0.2)


def test_the_demonstration_prints_what_the_readme_shows(folder):
    """C1: the whole loop in one command; numbers aside, its output is the pasted one."""
    done = run("tokenward demo", folder)

    assert done.returncode == 0, done.stderr
    assert sorted(shape(done.stderr + done.stdout)) == sorted(shape(noted("demo").text))


def test_what_the_readme_says_to_try_does_what_it_says(folder, metrics_url):
    """C1: every marked block is run in order, and what stands below it is what it prints; C8: so are the metrics."""
    for block, following in pairwise([*BLOCKS, NOTHING]):
        marked = re.fullmatch(r"tested(?:=(\d+))?", block.note)
        if marked is None:
            continue
        done, wanted = _shown_in_time(block, int(marked[1] or 0), following, folder)
        assert done.returncode == int(marked[1] or 0), block.text + done.stdout + done.stderr
        assert wanted is None or shape(done.stdout) == wanted

    page = httpx2.get(metrics_url, trust_env=False).text
    assert set(shape(noted("metrics").text)) <= set(shape(page))
    assert parse_seal_key((folder / "seal-key").read_bytes().strip()) != Secret(b"")


def test_the_readme_lists_every_exit_code():
    """C3: scripts are written by this list."""
    listed = [int(code) for code, _ in rows(README, "ends with")]

    assert listed == [code.value for code in Exit if code is not Exit.INTERRUPTED]


def test_the_readme_lists_every_target_and_every_issuer():
    """C3: with the rung that the target's own abilities say."""
    targets = {kind.strip("`"): proof for kind, *_, proof in rows(README, "target")}

    assert targets == {kind: f"rung {row.abilities.strongest_rung}" for kind, row in TARGETS.items()}
    assert {kind.strip("`") for kind, _ in rows(README, "issuer")} == set(ISSUERS)


@pytest.mark.parametrize(
    ("sentence", "is_missing"),
    [
        ("No board", not list(_PAGES.glob("board*"))),
        ("No personal page", not list(_PAGES.glob("handover*"))),
        ("No web receivers", not SOURCES),
        ("Messages to people are written to the log", len(list(_NOTIFY.glob("*_channel.py"))) == 1),
        ("No packages", not (ROOT / "packaging").exists()),
        ("No dashboards", not list((ROOT / "dashboards" / "grafana").glob("*.json"))),
        ("No alert rules", not (ROOT / "dashboards" / "prometheus" / "tokenward.rules.yml").exists()),
        ("No commands for backup", "backup" not in COMMANDS),
    ],
)
def test_what_is_said_to_be_missing_is_missing(sentence, is_missing):
    """C3: the list of what is not there yet grows shorter with what arrives, and never promises."""
    missing = README.read_text().partition("## What is not there yet")[2].partition("\n## ")[0]

    assert (sentence in missing) == is_missing


PRODUCTS = {
    "azure-key-vault": "Azure Key Vault",
    "aws-secrets-manager": "AWS Secrets Manager",
    "blackberry-uem": "BlackBerry UEM",
    "google-secret-manager": "Google Secret Manager",
    "intune": "Intune",
    "iru": "Iru",
    "jamf": "Jamf Pro",
    "jumpcloud": "JumpCloud",
    "kubernetes": "Kubernetes",
    "micromdm": "MicroMDM",
    "simplemdm": "SimpleMDM",
    "vault": "Vault",
    "zentral": "Zentral",
    "command": "a program of your own",
    "handoff": "a person who hands the file over",
}
"""What people ask for, by the kind that it will have."""


def test_the_targets_that_are_missing_are_named():
    """C3: whoever has one of these products learns it before they install anything."""
    text = " ".join(README.read_text().split())
    line = text.partition("* No targets yet for ")[2].partition(" * ")[0]
    named = set(re.split(r", (?:and |or )?", line.rstrip(".")))

    assert {kind for kind, name in PRODUCTS.items() if name in named} == PRODUCTS.keys() - TARGETS.keys()
