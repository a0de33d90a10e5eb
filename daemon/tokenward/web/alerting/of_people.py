"""Alerts about the people who download tokens, and about what they are told.

A departure that is not effective yet is in no metric (unless departures are open), so no label here can tell it.
"""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting.promql import BY_SERVICE, DEAD, ON_SERVICE, both, is_in, seconds_until
from tokenward.web.alerting.rule import Alert, Group, Severity

_DOWNLOADED: Final = f"max {BY_SERVICE[:-1]}, custodian) ({catalogue.TOKEN_INFO.name})"
"""One for each service, with the person who downloaded its token."""
_NOBODY_BEHIND: Final = f"{catalogue.BACKUP_CUSTODIANS.name} == 0"


def _downloaded_by(standing: str) -> str:
    """Return the services whose token was downloaded by somebody of that *standing*."""
    return f"{_DOWNLOADED}\nand on (instance, custodian)\n({is_in(catalogue.CUSTODIAN_STATE, standing)})"


def _failing(result: str) -> str:
    said = f'{catalogue.NOTIFICATIONS.name}{{result="{result}"}}'
    return f"sum by (job, instance, channel) (increase({said}[1h])) > 0"


GROUP: Final = Group(
    "tokenward-people",
    (
        Alert(
            "CustodianGone",
            _downloaded_by("departed"),
            Severity.WARNING,
            "{{ $labels.custodian }}, who downloaded the token of {{ $labels.organisation }}/{{ $labels.service }}, "
            "is gone; it may die at any time.",
            "A rotation by a deputy is open unless the policy says otherwise. `tokenward show {{ $labels.service "
            "}}`: rotate first, then remove the role or the account at Apple.",
            "5m",
        ),
        Alert(
            "CustodianGone",
            f"({_downloaded_by('departed')})\nand {ON_SERVICE}\n"
            f"({_NOBODY_BEHIND} or {ON_SERVICE} {is_in(catalogue.TOKEN_STATE, *DEAD)})",
            Severity.CRITICAL,
            "{{ $labels.custodian }}, who downloaded the token of {{ $labels.organisation }}/{{ $labels.service }}, "
            "is gone, and either no deputy has confirmed or the token is dead.",
            "Find somebody with portal rights today. `tokenward show {{ $labels.service }}` says how the token "
            "stands and who could step in.",
            "5m",
        ),
        Alert(
            "CustodianPasswordChanged",
            both(_downloaded_by("password_changed"), f"{catalogue.ROTATION_IN_PROGRESS.name} == 1"),
            Severity.WARNING,
            "{{ $labels.custodian }} has a new password, so the token of {{ $labels.organisation }}/{{ "
            "$labels.service }} is made anew.",
            "Often the old token goes on working; `tokenward probe {{ $labels.service }}` asks. The rotation has a "
            "date, and the person is asked by Tokenward itself.",
        ),
        Alert(
            "CustodianLeavingSoon",
            f"{seconds_until(catalogue.CUSTODIAN_DEPARTURE)} < 14 * 86400",
            Severity.WARNING,
            "{{ $labels.custodian }} leaves in {{ $value | humanizeDuration }}; their tokens are to be made anew "
            "before.",
            "Only where departures are open. The rotations open by themselves: `tokenward status` shows them; see "
            "that the deputies are there.",
            "10m",
        ),
        Alert(
            "NoBackupCustodian",
            both(_NOBODY_BEHIND, f'{catalogue.TOKEN_INFO.name}{{custodian!=""}}'),
            Severity.INFO,
            "Nobody could step in for {{ $labels.organisation }}/{{ $labels.service }}: no deputy has confirmed "
            "within six months.",
            "Deputies confirm on a page of their own that they can sign in and see the service. Name one in the "
            "configuration, or have them press the button.",
            "1d",
        ),
        Alert(
            "NotificationFailing",
            f"({_failing('failed')})\nunless\n({_failing('sent')})",
            Severity.CRITICAL,
            "Nothing goes out by the channel {{ $labels.channel }}; whoever is asked does not hear of it.",
            "Messages fail and none is sent; other channels are tried. `journalctl -u tokenward` names the error; "
            "the operator mends the channel.",
            "10m",
        ),
    ),
)
