"""The ways to reach people that a configuration names."""

from tokenward.app.world import Configuration
from tokenward.model.person import LOG
from tokenward.model.roster import Roster
from tokenward.notify.apprise_channel import AppriseChannel
from tokenward.notify.log_channel import LogChannel
from tokenward.notify.sender import Outlets


def outlets_of(configuration: Configuration, roster: Roster) -> Outlets:
    """Return every channel of *configuration*, and the log beside them."""
    configured = {
        one.id: AppriseChannel(one.id, configuration.reveal(one.url)) for one in configuration.settings.channels
    }
    return Outlets({**configured, LOG: LogChannel()}, roster)
