"""Long searches: by coverage with atheris, where it is installed, and by size with the most hostile input known."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.parsers import PARSERS

pytestmark = pytest.mark.fuzz

HERE = Path(__file__).parent
FOUND = HERE.parent / "data" / "fuzz"
SECONDS = int(os.environ.get("TOKENWARD_FUZZ_SECONDS", "30"))
"""For each parser."""
GRACE_SECONDS = 120
LONGEST_INPUT = 8192
LARGEST_MEMORY = 64 * 1024 * 1024
LONGEST_READING_SECONDS = 0.1

every_parser = pytest.mark.parametrize("name", PARSERS)


def run(program: str, *arguments: str, seconds: int = GRACE_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run one of the programs beside this file to its end."""
    return subprocess.run(
        [sys.executable, str(HERE / program), *arguments],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


@every_parser
def test_no_large_input_takes_long_or_much(name):
    """Promise 5: any input that reaches a parser is answered within 100 ms and 64 MiB, in a process of its own."""
    answer = run("measure.py", name, seconds=600)
    assert answer.returncode == 0, answer.stderr
    worst = json.loads(answer.stdout)
    print(f"\n{name}: {worst['seconds'] * 1000:.1f} ms, {worst['memory'] / 2**20:.1f} MiB, worst {worst['input']}")
    assert worst["seconds"] < LONGEST_READING_SECONDS, worst
    assert worst["memory"] < LARGEST_MEMORY, worst


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no build for this machine")
@every_parser
def test_no_path_through_a_parser_leads_to_another_error(name, tmp_path):
    """C6, promise 5: what is found is put into tests/data/fuzz, where every later run reads it again."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(PARSERS[name].seeds()):
        (corpus / f"seed{number}").write_bytes(seed)
    answer = run(
        "search.py",
        name,
        str(corpus),
        f"-max_total_time={SECONDS}",
        f"-max_len={LONGEST_INPUT}",
        "-timeout=5",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={tmp_path}/found-",
        seconds=SECONDS + GRACE_SECONDS,
    )
    kept = [keep(found, name) for found in tmp_path.glob("found-*")]
    assert not kept, f"{kept}\n{answer.stdout[-1500:]}\n{answer.stderr[-1500:]}"
    assert answer.returncode == 0, answer.stderr[-3000:]
    print(f"\n{name}: {answer.stderr.strip().splitlines()[-1]}")


def keep(found: Path, name: str) -> str:
    """Copy *found* to where it is read by every later run, and return its name there."""
    kept = FOUND / name / found.name.removeprefix("found-")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(found.read_bytes())
    return str(kept)
