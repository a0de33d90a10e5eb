"""The portal as pages for a browser: what a newcomer sees who plays Apple's side by hand.

Each page is made of what a visit knows, without any input or output. Nothing in them needs a script.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tokenward.simulator.forms import Form
from tokenward.simulator.identities import role_name
from tokenward.simulator.markup import NOTHING, Markup, fill, join
from tokenward.simulator.page_parts import (
    ADD_A_PERSON,
    APPLES_TURN,
    CERTIFICATE_FIELD,
    NOTICES,
    SHELL,
    SIGNED_IN,
    TERMS,
)
from tokenward.simulator.services import find_service
from tokenward.simulator.state import Service, Status, Token, User, World
from tokenward.simulator.tokens import PORTAL_ROLES, refusal

_STATUS_WORDS: Final = {Status.LOCKED: "locked", Status.DEACTIVATED: "deactivated", Status.DELETED: "has left"}
_ROLES: Final = (*sorted(PORTAL_ROLES), "staff")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is made of."""

    world: World
    now: datetime
    user: User | None = None
    service: str = ""  # the uuid in the address
    form: Form = field(default_factory=Form)  # what was sent, when it was refused
    refused: str = ""  # the portal's sentence
    done: str = ""  # what was just done, a key of NOTICES


def _page(visit: Visit, title: str, content: Markup) -> Markup:
    return fill(
        SHELL,
        title=title,
        organisation=visit.world.organisation.name,
        person=_person(visit.user),
        alert=fill('<p class="notice bad" role="alert">{sentence}</p>', sentence=visit.refused)
        if visit.refused
        else NOTHING,
        notice=_notice(visit.done),
        content=content,
        now=_when(visit.now),
    )


def _person(user: User | None) -> Markup:
    return NOTHING if user is None else fill(SIGNED_IN, account=user.account, role=role_name(user.role))


def _notice(done: str) -> Markup:
    sentence = NOTICES.get(done)
    return fill('<p class="notice good" role="status">{sentence}</p>', sentence=sentence) if sentence else NOTHING


def _when(at: datetime) -> Markup:
    shown = f"{at.day} {at:%B %Y, %H:%M} UTC"
    return fill('<time datetime="{machine}">{shown}</time>', machine=f"{at:%Y-%m-%dT%H:%M:%SZ}", shown=shown)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _badge(kind: str, words: str) -> Markup:
    return fill('<span class="badge {kind}">{words}</span>', kind=kind, words=words)


# ---------------------------------------------------------------- who is there


def choice_page(visit: Visit) -> Markup:
    """Return the page that asks who is at the portal."""
    people = [_choice(user) for user in visit.world.users.values() if user.status is not Status.DELETED]
    roles = [fill('<option value="{role}">{name}</option>', role=role, name=role_name(role)) for role in _ROLES]
    content = fill(
        """<h1>Who is at the portal?</h1>
<p class="lead">This is a stand-in: nobody is asked for a password. Choose whose hands are on the mouse.</p>
<form method="post" action="/sign-in" class="people">{people}</form>
{add}{turn}""",
        people=join(people),
        add=fill(ADD_A_PERSON, roles=join(roles), account=visit.form.text("new_account")),
        turn=Markup(APPLES_TURN),
    )
    return _page(visit, "Sign in", content)


def _choice(user: User) -> Markup:
    status = _STATUS_WORDS.get(user.status)
    return fill(
        """<button class="person" name="account" value="{account}"><span class="face" aria-hidden="true">{face}</span>
<span><strong>{account}</strong><small>{role}</small></span>{status}</button>""",
        account=user.account,
        face=user.account[:1].upper(),
        role=role_name(user.role),
        status=_badge("warn", status) if status else NOTHING,
    )


def account_page(visit: Visit) -> Markup:
    """Return the page where somebody changes the own password, or leaves."""
    content = """<p class="back"><a href="/">All services</a></p>
<h1>Your account</h1>
<section class="card"><h2>Password</h2>
<p>Apple asks for a new server token when the person who downloaded it changes the password. Whether the old token stops
working at once is a switch of this stand-in.</p>
<form method="post" action="/account/password"><button>Change password</button></form></section>
<section class="card"><h2>Leave the organisation</h2>
<p>Your account is deleted. The tokens that you downloaded stop working at once, and a colleague has to download new
ones.</p>
<form method="post" action="/account/leave">
<label class="check"><input type="checkbox" name="sure" value="yes"> I know that my tokens die with my account</label>
<button class="danger">Leave</button></form></section>"""
    return _page(visit, "Your account", Markup(content))


# ---------------------------------------------------------------- services


def home_page(visit: Visit) -> Markup:
    """Return the list of services, or the choice of a person for nobody."""
    if visit.user is None:
        return choice_page(visit)
    if visit.user.role not in PORTAL_ROLES:
        content = fill("<h1>Device management services</h1>\n{terms}", terms=_terms(visit))
        return _page(visit, "Device management services", content)
    services = [_card(visit, service) for service in visit.world.services.values()]
    listed = join(services) or Markup(
        '<p class="empty">No service yet. Devices cannot be assigned before there is one.</p>'
    )
    content = fill(
        """<h1>Device management services</h1>
{terms}<div class="services">{listed}</div>
<p><a class="button" href="/services/new">Add a service</a></p>""",
        terms=_terms(visit),
        listed=listed,
    )
    return _page(visit, "Device management services", content)


def _terms(visit: Visit) -> Markup:
    return NOTHING if visit.world.organisation.terms.are_signed(visit.now) else Markup(TERMS)


def _card(visit: Visit, service: Service) -> Markup:
    return fill(
        """<a class="card service" href="/services/{uuid}"><strong>{name}</strong>{badge}
<small>{devices} · {seen}</small></a>""",
        uuid=service.uuid,
        name=service.name,
        badge=_state(visit, service),
        devices=_devices(service),
        seen=fill("last connected {at}", at=_when(service.last_connected_at))
        if service.last_connected_at
        else "never connected",
    )


def _devices(service: Service) -> str:
    count = len(service.devices)
    return "1 device" if count == 1 else f"{count or 'no'} devices"


def _state(visit: Visit, service: Service) -> Markup:
    token = visit.world.live_token(service.uuid)
    if token is not None:
        refused = refusal(visit.world, token, visit.now)
        return _badge("bad", "Token dead") if refused else _badge("good", f"Token until {_day(token.expires_at)}")
    return _badge("warn", "No token yet" if service.certificate else "No certificate yet")


def new_service_page(visit: Visit) -> Markup:
    """Return the form for a new service, with what was typed before."""
    content = fill(
        """<p class="back"><a href="/">All services</a></p>
<h1>Add a service</h1>
<form method="post" action="/services" enctype="multipart/form-data" class="card">
<label for="name">Name<small>Unique in the organisation. It need not be a domain name.</small></label>
<input id="name" name="name" type="text" value="{name}" autocomplete="off" maxlength="300">
<label class="check"><input type="checkbox" name="release_devices" value="yes"{release}>
Allow this service to release devices</label>
{file}
<div class="actions"><button>Save</button><a href="/">Cancel</a></div></form>""",
        name=visit.form.text("name"),
        release=Markup(" checked") if visit.form.text("release_devices") else NOTHING,
        file=Markup(CERTIFICATE_FIELD),
    )
    return _page(visit, "Add a service", content)


def service_page(visit: Visit) -> Markup:
    """Return one service with its two steps: certificate, then token.

    Raises:
        PortalRefused: There is no such service (404).
    """
    service = find_service(visit.world, visit.service)
    content = fill(
        """<p class="back"><a href="/">All services</a></p>
<h1>{name}</h1>
<dl class="facts"><dt>Releasing devices</dt><dd>{release}</dd><dt>Assigned</dt><dd>{devices}</dd>
<dt>Last connected</dt><dd>{seen}</dd><dt>Server id</dt><dd><code>{uuid}</code></dd></dl>
<ol class="steps"><li class="card"><h2>Certificate</h2>{certificate}
<form method="post" action="/services/{uuid}/certificate" enctype="multipart/form-data">
{file}<button{quiet}>{save}</button></form></li>
<li class="card"><h2>Server token</h2>{token}
<p>A token is encrypted to the certificate that is saved at that moment. Save first, then download.</p>
<p><a class="button" href="/services/{uuid}/download">Download token</a></p></li>
<li class="card"><h2>Install it</h2><p>Hand the file to the device management service right away: drop it into
<code>drop/tokens/</code>, or use your personal page of Tokenward.</p></li></ol>""",
        name=service.name,
        release="allowed" if service.release_devices else "not allowed",
        devices=_devices(service),
        seen=_when(service.last_connected_at) if service.last_connected_at else "never",
        uuid=service.uuid,
        certificate=_certificate(service),
        file=Markup(CERTIFICATE_FIELD),
        save="Replace certificate" if service.certificate else "Save certificate",
        quiet=Markup(' class="quiet"') if service.certificate else NOTHING,
        token=_tokens(visit, service),
    )
    return _page(visit, service.name, content)


def _certificate(service: Service) -> Markup:
    saved = service.certificate
    if saved is None:
        return Markup("<p>None saved yet. The developer of the device management service gives you one.</p>")
    return fill(
        "<p>Saved by <strong>{who}</strong>, {at}.</p><p><small>SHA-256</small> <code>{print}</code></p>",
        who=saved.uploaded_by,
        at=_when(saved.uploaded_at),
        print=saved.sha256,
    )


def _tokens(visit: Visit, service: Service) -> Markup:
    token = visit.world.live_token(service.uuid)
    if token is None:
        return Markup("<p>None downloaded yet.</p>")
    return fill(
        "<p>{badge}</p><p>Downloaded by <strong>{who}</strong>, {at}. Good until {until}.</p>",
        badge=_token_badge(visit, token),
        who=token.downloader,
        at=_when(token.issued_at),
        until=_when(token.expires_at),
    )


def _token_badge(visit: Visit, token: Token) -> Markup:
    refused = refusal(visit.world, token, visit.now)
    return _badge("bad", f"Apple refuses it: {refused[1]}") if refused else _badge("good", "Works")


def download_page(visit: Visit) -> Markup:
    """Return the question before the click that ends the old token.

    Raises:
        PortalRefused: There is no such service (404).
    """
    service = find_service(visit.world, visit.service)
    token = visit.world.live_token(service.uuid)
    content = fill(
        """<p class="back"><a href="/services/{uuid}">{name}</a></p>
<h1>Download a new token?</h1>
<div class="card">{effect}
<form method="post" action="/services/{uuid}/token"><div class="actions">
<button{danger}>Download token</button><a href="/services/{uuid}">Not now</a></div></form></div>""",
        uuid=service.uuid,
        name=service.name,
        effect=_effect(token),
        danger=Markup(' class="danger"') if token else NOTHING,
    )
    return _page(visit, "Download token", content)


def _effect(token: Token | None) -> Markup:
    if token is None:
        return Markup("<p>This is the first token of this service. It is good for one year.</p>")
    return fill(
        """<p><strong>The token that {who} downloaded on {at} stops working at once, for good.</strong></p>
<p>Each download makes a new token; no file can be had twice. Install the new one right away: until then the device
management service has none that works.</p>""",
        who=token.downloader,
        at=_when(token.issued_at),
    )


def refusal_page(visit: Visit) -> Markup:
    """Return a page with nothing but the portal's refusal."""
    return _page(visit, "Not possible", Markup('<h1>Not possible</h1><p><a href="/">All services</a></p>'))
