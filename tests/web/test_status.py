"""The shape that scripts and monitoring systems are built on."""

from tokenward.model.rotation import Blocked, Cause, State
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry
from tokenward.web.as_json import as_json
from tokenward.web.status import status
from web.scene import DAY, HOUR, NOW, a_record, a_roster, a_rotation, a_service, a_token, an_overview


def _status(*records, **words):
    return as_json(status(an_overview(*records, **words)))


def test_the_shape_is_exactly_the_pinned_one():
    """A9: days left, and how that is known, stand beside everything else."""
    blocked = Blocked(BlockReason.CERTIFICATE_MISSING, "drop it", None, NOW)
    rotation = a_rotation(
        id="r2", service="labs", state=State.OPENED, causes=(Cause.UNLINKED, Cause.CERTIFICATE), blocked=blocked
    )

    shown = _status(a_record(), a_record("labs", token=None, rotation=rotation))

    assert shown == {
        "organisations": [
            {
                "id": "corp",
                "linked": True,
                "services": [
                    {
                        "id": "main",
                        "name": "Main MDM",
                        "state": "valid",
                        "expires_at": "2027-08-16T09:30:00Z",
                        "expiry_basis": "read_back",
                        "days_until_expiry": 265.0,
                        "custodian": "kim",
                        "rotation": None,
                    },
                    {
                        "id": "labs",
                        "name": "Labs MDM",
                        "state": "unknown",
                        "expires_at": None,
                        "expiry_basis": None,
                        "days_until_expiry": None,
                        "custodian": "kim",
                        "rotation": {
                            "id": "r2",
                            "state": "opened",
                            "causes": ["certificate", "unlinked"],
                            "waiting_for": "certificate",
                            "since": "2026-11-24T08:30:00Z",
                            "blocked": {
                                "reason": "certificate_missing",
                                "remedy": "drop it",
                                "next_attempt_at": None,
                            },
                        },
                    },
                ],
            },
            {"id": "school", "linked": False, "services": []},
        ],
        "retired": [],
    }


def test_an_organisation_without_a_service_is_shown_as_not_linked():
    """A1: it is not left out."""
    assert _status()["organisations"][1] == {"id": "school", "linked": False, "services": []}


def test_an_organisation_is_not_linked_while_none_of_its_services_is_known_to_work():
    """A1: nothing on record is no evidence."""
    assert _status()["organisations"][0]["linked"] is False


def test_days_left_are_rounded_to_two_decimals_and_negative_after_the_end():
    """A9: an expired token says so."""
    expired = a_token(expiry=Expiry(NOW - DAY - 8 * HOUR, Basis.ESTIMATED))

    (main, _), basis = _status(a_record(token=expired))["organisations"][0]["services"], "estimated"

    assert (main["days_until_expiry"], main["expiry_basis"]) == (-1.33, basis)


def test_a_stated_date_counts_where_nothing_better_is_known():
    """B1.2: the configuration's word, with its basis."""
    roster = a_roster(a_service(stated_expires_at=NOW + 10 * DAY))

    (main,) = _status(roster=roster)["organisations"][0]["services"]

    assert (main["days_until_expiry"], main["expiry_basis"]) == (10.0, "stated")


def test_a_program_that_issues_is_what_is_waited_for():
    """B4.7: no person is asked."""
    roster = a_roster(a_service(issuer="simulator"))

    (main,) = _status(a_record(rotation=a_rotation()), roster=roster)["organisations"][0]["services"]

    assert main["rotation"]["waiting_for"] == "issuer"
