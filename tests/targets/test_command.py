"""The target of a program of one's own, with real programs."""

import stat
from datetime import timedelta

import pytest
from pydantic import ValidationError

from contracts.target_contract import LONG_AGO, TargetContract, install
from fakes.apple_side import AppleSide, a_keypair
from tokenward.crypto import parse_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import NOTHING_HELD, BlockReason, Delivery
from tokenward.model.token import TokenState
from tokenward.targets.command import ABILITIES, LARGEST_WORD, Settings, build

PUT = """
sum=$(sha256sum)
if [ -e refuses ]; then echo "I want another one" >&2; exit 65; fi
printf '{"mark": "%s", "downloader": "kim@corp.example"}' "${sum%% *}" | tee held
"""
SHOW = """
if [ -e away ]; then exit 75; fi
if [ -e held ]; then cat held; else echo '{"present": false}'; fi
"""


@pytest.fixture
def folder(tmp_path):
    """Return where the programs lie, and the product that they speak for."""
    for name, text in {"put": PUT, "show": SHOW}.items():
        program(tmp_path, name, text)
    return tmp_path


def program(folder, name, text):
    """Write a program, and return where."""
    path = folder / name
    path.write_text(f'#!/bin/sh\ncd "{folder}" || exit 1\n{text}')
    path.chmod(stat.S_IRWXU)
    return str(path)


def target(**words):
    """Return the target as configured."""
    return build(Settings.model_validate({"kind": "command"} | words), service="main")


def envelope() -> Envelope:
    """Return a new envelope."""
    return parse_envelope(AppleSide().download(a_keypair("command").certificate))


class ProgramCase:
    """Two programs that speak for a product in a folder."""

    def __init__(self, folder) -> None:
        self.folder = folder
        programs = {"command": [str(folder / "put")], "read_back": [str(folder / "show")]}
        self.target = target(**programs)
        self.nowhere = target(**programs | {"read_back": [program(folder, "gone", "exit 75")]})

    async def envelope(self) -> Envelope:
        """Return a new envelope."""
        return envelope()

    async def refused(self) -> Finding:
        """Hand a file over that the product refuses."""
        (self.folder / "refuses").touch()
        receipt = await install(self.target, envelope())
        assert receipt.refusal is not None
        return receipt.refusal


class TestProgram(TargetContract):
    @pytest.fixture
    def case(self, folder):
        """Return the two programs."""
        return ProgramCase(folder)


@pytest.fixture
def case(folder):
    """Return the two programs."""
    return ProgramCase(folder)


async def test_the_program_is_given_the_file_as_it_came_and_the_services_id(folder):
    """A14: what it does with it is its own business."""
    put = program(folder, "put", 'cat > "$1"')
    file = envelope()
    receipt = await install(target(command=[put, "{service}.p7m"]), file)
    assert receipt.refusal is None
    assert (folder / "main.p7m").read_bytes() == file.original


async def test_without_a_second_program_nothing_more_is_claimed_than_that_it_was_taken(folder):
    """B8.1: rung 1."""
    alone = target(command=[str(folder / "put")])
    assert alone.abilities == ABILITIES
    assert alone.read_back is None
    assert (await install(alone, envelope())).mark is not None
    assert (await alone.prover.prove("", LONG_AGO)).rung == 1
    assert (await alone.health.health()).verdict is None
    assert (await alone.gate.preflight()).cannot_tell


async def test_what_the_program_says_is_taken_at_its_word(case):
    """B1.2, B10.1: date, downloader, service and state, where it says them."""
    (case.folder / "held").write_text(
        '{"expires_at": "2027-11-24T10:00:00+01:00", "server_uuid": "3F2C", "state": "rejected", "more": [1]}'
    )
    reading = await case.target.health.health()
    assert (reading.verdict, reading.server_uuid) == (TokenState.REJECTED, "3F2C")
    assert reading.holding.expires_at.utcoffset() == timedelta(hours=1)
    assert (await case.target.prover.prove("", LONG_AGO)).server_uuid == "3F2C"


@pytest.mark.parametrize("state", ["unknown", "suspect"])
async def test_a_state_that_is_no_verdict_is_none(case, state):
    """B10.1: what isn't told never counts as valid."""
    (case.folder / "held").write_text(f'{{"state": "{state}", "mark": "a"}}')
    assert (await case.target.health.health()).verdict is None


async def test_a_product_that_holds_nothing_is_told(case):
    """B1.3: that is evidence."""
    assert await case.target.read_back.read_back() == NOTHING_HELD
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 0


@pytest.mark.parametrize(
    "said", ["", "null", "[]", "{", '{"state": "fine"}', '{"expires_at": "2027-11-24T09:00:00"}', "\\377", "x" * 100]
)
async def test_what_makes_no_sense_is_the_operators_business_and_no_verdict(case, said):
    """B10.2: an answer of any kind is an error of that target alone."""
    program(case.folder, "show", f"printf '{said}'")
    with pytest.raises(NeedsOperator):
        await case.target.read_back.read_back()
    assert (await case.target.health.health()).verdict is None
    assert not (await case.target.gate.preflight()).is_clear


async def test_a_program_that_never_stops_writing_is_ended(case):
    """No memory without bound."""
    program(case.folder, "show", "yes")
    with pytest.raises(NeedsOperator) as raised:
        await case.target.read_back.read_back()
    assert len(raised.value.finding.text()) < LARGEST_WORD


@pytest.mark.parametrize(("status", "answer"), [(75, Retryable), (1, None), (65, None)])
async def test_how_it_ends_says_what_is_to_be_done(folder, status, answer):
    """B2.1: again later, or somebody has to mend it; its last words are the reason."""
    put = program(folder, "put", f"echo 'no route to the console' >&2; exit {status}")
    built = target(command=[put])
    if answer is not None:
        with pytest.raises(answer) as raised:
            await built.installer.install(Delivery("main", envelope()))
        finding = raised.value.finding
    else:
        finding = (await install(built, envelope())).refusal
    assert "no route to the console" in finding.do


async def test_a_program_that_hangs_may_have_done_it(folder):
    """Promise 2: looked at before it is done again."""
    built = target(command=[program(folder, "put", "sleep 30")], timeout="1s")
    with pytest.raises(OutcomeUnknown):
        await built.installer.install(Delivery("main", envelope()))


async def test_a_program_that_does_not_read_its_input_is_not_waited_for(folder):
    """It has its own reasons, and its status tells."""
    assert (await install(target(command=[program(folder, "put", "exit 0")]), envelope())).refusal is None


async def test_a_program_that_is_missing_is_named(folder):
    """B4.1: with a second program that is seen before the click."""
    built = target(command=[str(folder / "put")], read_back=[str(folder / "missing")])
    assert [one.reason for one in (await built.gate.preflight()).obstacles] == [BlockReason.TARGET_REFUSED]


@pytest.mark.parametrize("command", [[], ["put-token"], ["./put-token"]])
def test_a_command_begins_with_an_absolute_path(command):
    """It must not depend on where the daemon was started."""
    with pytest.raises(ValidationError, match="absolute path"):
        target(command=command)


def test_no_program_is_waited_for_for_ever():
    """Ten minutes are the most."""
    with pytest.raises(ValidationError, match="10m"):
        target(command=["/bin/true"], timeout="11m")
