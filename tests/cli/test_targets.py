import pytest

from tokenward.app.registry import TARGETS
from tokenward.cli.exit_codes import Exit


def test_every_product_is_shown_with_what_it_can_do(cli):
    """A15: before anything is configured, somebody sees what theirs can do."""
    result = cli("targets")

    assert result.exit_code == Exit.WELL
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["KIND", *TARGETS]
    assert "fetched from it, another one each time" in result.stdout


@pytest.mark.parametrize("kind", TARGETS)
def test_one_product_is_shown_whole(cli, kind):
    """A15: with what its credential must be allowed, and the way by hand where it has one."""
    can = TARGETS[kind].abilities
    result = cli("targets", kind)
    words = " ".join(result.stdout.split())

    assert result.exit_code == Exit.WELL
    assert can.title in words
    assert can.least_privilege in words
    assert f"up to rung {can.strongest_rung}" in words
    for number, step in enumerate(can.by_hand, start=1):
        assert f"{number} {step}" in words
    assert can.kind == kind


@pytest.mark.parametrize("kind", TARGETS)
def test_programs_get_the_same_as_json(cli, kind):
    """A15: one object by name, and in the list of all."""
    one = cli.json("targets", kind, "--json")
    can = TARGETS[kind].abilities

    assert one in cli.json("targets", "--json")
    assert one["key_policy"] == can.key_policy
    assert one["by_hand"] == list(can.by_hand)
    assert set(one["verdicts"]) == set(can.verdicts)
    assert set(one["keyholders"]) == set(TARGETS[kind].keyholders)
    assert one["finds"] == can.finds


def test_all_kinds_can_be_asked_for_by_name(cli):
    """Pinned: `tokenward targets --kinds --json` is an array of every kind."""
    listed = cli.json("targets", "--kinds", "--json")

    assert [one["kind"] for one in listed] == list(TARGETS)
    assert listed == cli.json("targets", "--json")
    assert cli("targets", "--kinds").stdout == cli("targets").stdout
    assert cli("targets", "nanodep", "--kinds").exit_code == Exit.USED_WRONGLY


def test_a_product_that_is_not_known_is_refused_with_what_may_be_meant(cli):
    """As everywhere: what is wrong, and what to do."""
    result = cli("targets", "nanodpe")

    assert result.exit_code == Exit.USED_WRONGLY
    assert result.stderr == (
        "There is no kind of target called 'nanodpe'.\n"
        '  Means  What can be named is "nanodep".\n'
        "  Do     `tokenward targets` shows every kind there is.\n"
    )


def test_a_product_that_resembles_none_is_refused_with_all_there_are(cli):
    """Where nothing is near, all are named."""
    named = ", ".join(f'"{kind}"' for kind in sorted(TARGETS))
    assert f"one of {named}" in " ".join(cli("targets", "zzz").stderr.split())
