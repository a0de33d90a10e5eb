"""The operators' board in a real browser: everybody can use it, and it keeps itself up to date."""

from dataclasses import replace

import pytest
from starlette.applications import Starlette

from browser.gallery import served
from browser.portal import download, link
from browser.window import DESKTOP, TELEPHONE, WIDTHS, window
from end_to_end.handover_scene import opened
from fakes.views import FakeReadModel, FakeViews
from tokenward.web.board.pages import Board
from web.board.board_scene import PAGES, STATES
from web.scene import a_roster, a_service, a_world, the_vitals

LONG = "Mobilgeräteverwaltungsproduktionsumgebung-Nordwest"

SCHOOL = """
[[organisation]]
id = "school"
name = "Example School"
portal = "school-manager"
"""


@pytest.mark.parametrize("size", [TELEPHONE, DESKTOP], ids=["telephone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_of_the_board_can_be_used_by_everybody(browser, scene, tmp_path, size, dark):
    """B7: whatever the window; without a foreign resource, and without an error."""
    page = opened(scene)
    rotation = scene.daemon.service("main")["rotation"]["id"]
    look = "dark" if dark else "light"
    with window(browser, scene.board, size, dark=dark) as shown:
        shown.open("/")
        shown.check(f"board-1-asked-{look}")
        page.press("service/main/start")
        certificate = tmp_path / "main.pem"
        certificate.write_text(page.get("/service/main/certificate").text)
        uuid = link(scene, certificate)
        scene.stand_in.admin("POST", "/nanodep", {"down": True})
        page.hand_over(download(scene, uuid, tmp_path).read_bytes(), scene.token_file_name())
        scene.daemon.until(lambda: scene.daemon.blocked_by("main"), "the product is away")
        shown.open("/")
        shown.sees("Outage: new devices")
        shown.check(f"board-2-outage-{look}")
        for name in (f"/rotations/{rotation}", "/services/main"):
            shown.open(name)
            shown.check(f"board{name.replace('/', '-').replace(rotation, 'open')}-{look}")
        scene.stand_in.admin("POST", "/nanodep", {"down": False})
        scene.daemon.send({"kind": "retry", "service": "main"})
        scene.daemon.until(lambda: scene.daemon.is_settled("main"), "main is linked")
        shown.open("/services/main")
        shown.check(f"board-3-closed-{look}")


@pytest.mark.parametrize("state", ["waiting", "failing"])
def test_a_long_name_without_a_space_widens_no_page_of_the_board(browser, state):
    """B7: of a service, an organisation or a person."""
    roster = a_roster(a_service(name=LONG))
    people = {one: replace(person, name=LONG) for one, person in roster.people.items()}
    organisations = {one: replace(known, name=f"{LONG}-{one}") for one, known in roster.organisations.items()}
    world = a_world(replace(roster, people=people, organisations=organisations))
    board = Board(FakeReadModel(FakeViews((STATES[state],))), lambda: world, the_vitals)
    with (
        served(lambda _: Starlette(routes=[*board.routes()])) as origin,
        window(browser, origin) as shown,
    ):
        for path in PAGES:
            shown.open(path)
            shown.check_everywhere(f"board-long{path.replace('/', '-')}", WIDTHS)


def test_the_board_keeps_itself_up_to_date(browser, scene):
    """B7: refreshes itself; what an operator sees is never old without saying so."""
    opened(scene)
    with window(browser, scene.board) as shown:
        shown.open("/")
        shown.sees("Waiting for the token")
        scene.daemon.send({"kind": "cancel", "service": "main", "data": {"reason": "not now"}})
        shown.page.get_by_text("Waiting for the token").wait_for(state="detached", timeout=60_000)
