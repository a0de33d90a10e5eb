"""Telling systemd how things stand.

Source: sd_notify(3). One datagram to ``$NOTIFY_SOCKET``; a leading ``@`` names an abstract socket.
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """Speaks to the service manager, where there is one."""

    address: str | None
    watchdog_seconds: float | None
    """How often it wants to hear that all is well; None: not at all."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Notifier":
        """Return the notifier that *environment* describes."""
        micros, pid = environment.get("WATCHDOG_USEC"), environment.get("WATCHDOG_PID")
        wanted = micros is not None and pid in {None, str(os.getpid())}
        return cls(environment.get("NOTIFY_SOCKET") or None, int(micros) / 1e6 if micros and wanted else None)

    def ready(self, status: str) -> None:
        """Say that the daemon takes events."""
        self._tell(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say in one line what is going on."""
        self._tell(f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; ``ready`` ends it."""
        micros = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reading the configuration again")

    def stopping(self) -> None:
        """Say that the daemon is ending."""
        self._tell("STOPPING=1\nSTATUS=finishing the steps in hand")

    def alive(self) -> None:
        """Say that the loop turns and the worker works."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if self.address is None:
            return
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(0)
            try:
                channel.sendto(message.encode(), address)
            except OSError:
                return  # nobody listens any more; the daemon's own work does not depend on it
