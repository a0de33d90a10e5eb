"""A story that any number of crashes may interrupt: two services are linked, then a password changes."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from crash.scene import Scene, a_password_event
from crash.victim import CALM, KILLED, Deadly
from fakes.running import Ended, Running, drop

PATIENCE_SECONDS = 90.0
CAUSES = {"main": [{"unlinked"}, {"password"}], "labs": [{"unlinked", "certificate"}, {"password"}]}


@dataclass
class Story:
    """What has been dropped already, and what is to be done next."""

    scene: Scene
    dropped: dict[str, Path] = field(default_factory=dict)

    def play(self, *deadly: Deadly) -> None:
        """Play to the end with one daemon after the other; each of *deadly* may kill one, the last one is calm."""
        for waypoints in (*deadly, CALM):
            with self.scene.daemon(waypoints) as daemon:
                if self.go_on(daemon):
                    return
        raise AssertionError("no daemon lived to see the end")

    def go_on(self, daemon: Running) -> bool:
        """Return whether *daemon* lived to see the end, and ended in order; else it was killed."""
        try:
            self._to_the_end(daemon)
        except Ended:
            ended = daemon.process.wait(0)
        else:
            ended = daemon.end()
        assert ended in {0, KILLED}, daemon.log()[-4000:]
        return ended == 0

    def _to_the_end(self, daemon: Running) -> None:
        def wait(met, what):
            daemon.until(met, what, PATIENCE_SECONDS)

        wait(lambda: daemon.service("labs")["rotation"] or daemon.is_settled("labs"), "labs is waited for")
        self._drop_once("certificates", "labs.pem", self.scene.labs_certificate)
        wait(lambda: daemon.is_settled("main") and daemon.is_settled("labs"), "both are linked")
        self._drop_once("events", "password.json", a_password_event)
        done = {"cause": "password", "outcome": "done"}
        wait(lambda: daemon.metric("tokenward_rotations_total", **done) == 2, "both have a token for the new password")
        wait(lambda: not any(path.exists() for path in self.dropped.values()), "what was dropped is put away")

    def _drop_once(self, folder: str, name: str, content) -> None:
        if name not in self.dropped:
            self.dropped[name] = drop(self.scene.folder, folder, name, content())

    def assert_ended_well(self) -> None:
        """Assert what holds after any crashes, by any means."""
        self.scene.assert_all_is_well(**CAUSES)
        done = [path.name.partition("-")[2] for path in self._put_away("done")]
        assert sorted(done) == ["labs.pem", "password.json"]
        assert not self._put_away("rejected")

    def _put_away(self, where: str) -> Iterable[Path]:
        return list((self.scene.folder / "drop").glob(f"*/{where}/*"))

    def assert_nothing_was_done_twice(self) -> None:
        """Assert that what was recorded was never repeated, and what was not only where its answer was lost.

        B3.1, B4.7. A crash that comes while the other service's turn is told may lose an answer that is on its way.
        """
        scene = self.scene
        with closing(scene.store()) as store:
            recorded = store.execute("select service from audit where what = 'certificate.recorded' order by service")
            assert [line["service"] for line in recorded] == ["labs", "main", "main"]
            issued = store.execute("select service from event where source = 'issuer' order by service")
            assert [event["service"] for event in issued] == ["labs", "labs", "main", "main"]
        assert 2 <= scene.fetches <= 2 + scene.lost("FetchCertificate.before main", "certificate.recorded main")
        for service, name in (("main", "Main MDM"), ("labs", "Labs MDM")):
            lost = scene.lost(f"IssueToken.before {service}", f"IssueToken.after {service}")
            assert 2 <= scene.downloads(name) <= 2 + lost
        assert scene.installs == 2
