"""How everything stands when no daemon runs: its record and the configuration, read without changing anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tokenward.app.core import DATABASE
from tokenward.app.registry import ISSUERS
from tokenward.app.roster_of import roster_of
from tokenward.app.settings import Settings
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.model.finding import NeedsOperator
from tokenward.model.secret import Secret
from tokenward.schema.secret_ref import SecretRef
from tokenward.store.ledger import views_at_rest
from tokenward.store.views import Views
from tokenward.web.as_json import Json, as_json
from tokenward.web.overview import Overview
from tokenward.web.status import status


def status_at_rest(settings: Settings, now: datetime, without_daemon: Failed) -> Json:
    """Return what ``status --json`` prints, from the record.

    Raises:
        Failed: The record tells nothing either; it says why, after what *without_daemon* says.
    """
    try:
        with views_at_rest(settings.daemon.state_dir / DATABASE) as views:
            return as_json(status(overview_at_rest(settings, views, now)))
    except NeedsOperator as error:
        raise Failed(
            Exit.UNREACHABLE,
            f"{without_daemon.happened} Its record tells nothing either: {error.finding.happened}",
            without_daemon.means,
            without_daemon.do,
        ) from error


def overview_at_rest(settings: Settings, views: Views, now: datetime) -> Overview:
    """Return what *views* hold on record about the services of *settings*."""
    return Overview.of(roster_of(settings), services_asking_people(settings), views, now)


def services_asking_people(settings: Settings) -> frozenset[str]:
    """Return the services whose issuer is a person, by id."""
    return frozenset(
        one.id
        for one in settings.services
        if one.issuer is not None and ISSUERS[one.issuer.kind].build(one.issuer, _no_secret).needs_person
    )


@contextmanager
def record_of(settings: Settings) -> Iterator[Views | None]:
    """Give the record where there is one that can be read, else None."""
    path = settings.daemon.state_dir / DATABASE
    if not path.is_file():
        yield None
        return
    with views_at_rest(path) as views:
        yield views


def _no_secret(ref: SecretRef) -> Secret:
    raise LookupError(f"nobody reads {ref} without a daemon")
