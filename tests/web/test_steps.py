"""Apple's steps for a person."""

from dataclasses import replace

import pytest

from tokenward.model.organisation import Organisation, Portal
from tokenward.web.steps import GUIDES, directions


def _steps(portal=Portal.BUSINESS_MANAGER, certificate="main.pem", *, name="Main MDM", own=(), **words):
    corp = Organisation("corp", "Example Corporation", portal, steps=own)
    shown = directions(corp, name, certificate, **{"release_devices": False, "first_link": True, **words})
    return (*shown.actions, *shown.notes)


@pytest.mark.parametrize("portal", Portal)
@pytest.mark.parametrize("first_link", [True, False])
def test_the_person_gets_every_step_with_the_service_name_and_the_certificate(portal, first_link):
    """A12: sign in, name, certificate, save, download, hand over, in this order."""
    shown = _steps(portal, first_link=first_link)
    whole = "\n".join(shown)

    places = [whole.index(words) for words in ("sign in", "Main MDM", "main.pem", "once.", "Hand over the file")]
    assert places == sorted(places)
    assert GUIDES[portal].portal in shown[0]
    assert "computer" in shown[0]
    assert "{" not in whole


@pytest.mark.parametrize("portal", Portal)
@pytest.mark.parametrize("first_link", [True, False])
@pytest.mark.parametrize(("release_devices", "words"), [(True, "Tick the box"), (False, "unticked")])
def test_the_steps_say_whether_the_service_may_release_devices(portal, first_link, release_devices, words):
    """A13: as the configuration sets it."""
    assert words in "\n".join(_steps(portal, release_devices=release_devices, first_link=first_link))


@pytest.mark.parametrize("portal", Portal)
def test_a_token_alone_is_fetched_without_touching_the_certificate(portal):
    """A12: Apple has the certificate already."""
    whole = "\n".join(_steps(portal, None, first_link=False))

    assert "certificate" not in whole
    assert "download" in whole.lower()


@pytest.mark.parametrize("portal", Portal)
def test_the_steps_say_how_old_they_are_and_end_with_what_to_do_without_tokenward(portal):
    """B6.4, B4.5: dated; the last line is for the worst case."""
    *_, age, last = _steps(portal)

    assert f"{GUIDES[portal].last_checked:%B %Y}" in age
    assert last.startswith("If Tokenward can't be reached: keep the file, do not download again")


def test_braces_in_a_name_are_shown_as_they_are():
    """A12: the name is the service's own, whatever it is."""
    assert any("{box} MDM" in step for step in _steps(name="{box} MDM"))


@pytest.mark.parametrize("portal", Portal)
def test_the_way_to_the_portal_is_apples_own_or_the_operators(portal):
    """A12: nobody has to look for the portal; a stand-in has an address of its own."""
    own = Organisation("corp", "Example Corporation", portal, portal_url="https://portal.corp.example")
    apples = directions(replace(own, portal_url=None), "x", "x.pem", release_devices=False, first_link=True)
    operators = directions(own, "x", "x.pem", release_devices=False, first_link=True)

    assert apples.portal_url in {"https://business.apple.com", "https://school.apple.com"}
    assert operators.portal_url == "https://portal.corp.example"
    assert apples.portal == GUIDES[portal].portal


def test_an_operators_own_steps_take_the_place_of_ours():
    """B6.4: overridable, where a portal looks different; what is to be handed over stays said."""
    first, *rest = _steps(own=("Open {name} and upload {file}; {unknown} stays.",), first_link=False)

    assert first == "Open Main MDM and upload main.pem; {unknown} stays."
    assert rest[0].startswith("Hand over the file")
    assert not any("last checked" in step for step in rest)


def test_a_first_link_without_a_certificate_makes_no_steps():
    """A12: the portal's form demands one."""
    with pytest.raises(ValueError, match="without a certificate"):
        _steps(certificate=None)
