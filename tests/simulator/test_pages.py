"""The portal's pages, used as a browser would: with a cookie, forms, redirects, and no script."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2
import pytest
from typing_extensions import override

KIM = "kim@corp.example"
ANA = "ana@corp.example"


@dataclass
class Control:
    """An input, a select or a button."""

    tag: str
    attributes: dict[str, str]


@dataclass
class PageForm:
    """One form with what is in it."""

    attributes: dict[str, str]
    controls: list[Control] = field(default_factory=list)


class Page(HTMLParser):
    """What a page holds, its tags in balance."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.text = ""
        self.forms: list[PageForm] = []
        self.links: list[str] = []
        self.labels: set[str] = set()
        self.resources: list[str] = []
        self.tags: set[str] = set()
        self.alerts: list[str] = []
        self._open: list[str] = []
        self._in_alert = False
        self.feed(answer.text)
        assert self._open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if tag not in {"meta", "link", "input", "br", "img"}:
            self._open.append(tag)
        if tag == "form":
            self.forms.append(PageForm(attributes))
        elif tag in {"input", "select", "button"}:
            self.forms[-1].controls.append(Control(tag, attributes))
        elif tag == "a":
            self.links.append(attributes["href"])
        elif tag == "label":
            self.labels.add(attributes.get("for", ""))
        self.resources += [
            attributes[name] for name in ("src", "href") if tag in {"link", "img"} and name in attributes
        ]
        if attributes.get("role") == "alert":
            self._in_alert = True
            self.alerts.append("")

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self._in_alert = False

    @override
    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_alert:
            self.alerts[-1] += data

    def form(self, action: str) -> PageForm:
        """Return the form that is sent there."""
        return next(form for form in self.forms if form.attributes["action"] == action)


@dataclass
class Browser:
    """Follows links and sends forms, as somebody or nobody."""

    portal: str
    http: httpx2.Client

    def open(self, path: str) -> Page:
        """Return the page at this path."""
        return Page(self.http.get(f"{self.portal}{path}", follow_redirects=True))

    def send(self, path: str, file: bytes | None = None, **fields: str) -> httpx2.Response:
        """Send a form; the answer may be a redirect."""
        files = None if file is None else {"certificate": ("main.pem", file)}
        return self.http.post(f"{self.portal}{path}", data=fields or {"nothing": ""}, files=files)

    def submit(self, path: str, file: bytes | None = None, **fields: str) -> Page:
        """Send a form and return the page that follows."""
        answer = self.send(path, file, **fields)
        return self.open(answer.headers["location"]) if answer.is_redirect else Page(answer)


@pytest.fixture
def nobody(stand_in):
    """Return a browser in which nobody is signed in."""
    yield Browser(stand_in.portal, stand_in.client)
    stand_in.client.cookies.clear()


@pytest.fixture
def kim(nobody):
    """Return a browser in which kim is signed in."""
    assert nobody.send("/sign-in", account=KIM).status_code == 303
    return nobody


def test_a_newcomer_chooses_who_is_at_the_portal(nobody):
    """A12: nobody is asked for a password, and that is said."""
    page = nobody.open("/")
    assert "nobody is asked for a password" in page.text
    offered = [control.attributes["value"] for control in page.form("/sign-in").controls]
    assert {KIM, ANA} <= set(offered)

    page = nobody.submit("/sign-in", account=ANA)
    assert ANA in page.text
    assert "/services/new" in page.links
    assert "Who is at the portal?" in nobody.submit("/sign-out").text


def test_the_way_from_the_name_to_the_token(kim, name, pair):
    """A12: add, name, release box, certificate, save, download; the file is for that certificate."""
    form = kim.open("/services/new").form("/services")
    assert form.attributes["enctype"] == "multipart/form-data"
    assert {control.attributes.get("name") for control in form.controls} == {
        "name",
        "release_devices",
        "certificate",
        None,
    }

    saved = kim.send("/services", pair.pem.encode(), name=name, release_devices="yes")
    address = saved.headers["location"].partition("?")[0]
    page = kim.open(saved.headers["location"])
    assert "The service is saved" in page.text
    assert "Releasing devicesallowed" in page.text
    assert f"{address}/download" in page.links
    question = kim.open(f"{address}/download")
    assert "first token" in question.text
    assert question.form(f"{address}/token")

    file = kim.send(f"{address}/token")
    assert file.headers["content-type"] == "application/pkcs7-mime"
    assert pair.secrets(file.content)
    assert name in kim.open("/").text
    assert "Works" in kim.open(address).text


def test_a_der_file_is_taken_as_it_is(kim, name, pair):
    """A5: binary through a form."""
    page = kim.submit("/services", pair.der, name=name)
    assert (page.status, page.alerts) == (200, [])
    assert "Saved by" in page.text


def test_a_second_download_asks_first_and_ends_the_first_token(kim, service, apple):
    """A6, A10: the page says whose token dies; at the click it is dead."""
    question = kim.open(f"/services/{service}/download")
    assert f"The token that {KIM} downloaded" in question.text
    assert "stops working at once" in question.text
    assert apple.log_in().status_code == 200

    assert kim.send(f"/services/{service}/token").status_code == 200
    assert apple.log_in().text == "signature_invalidForbidden"


def test_a_replaced_certificate_leaves_the_token_alive(kim, service, apple, other_pair):
    """A3, A6: and the next token is for the new one."""
    page = kim.submit(f"/services/{service}/certificate", other_pair.pem.encode())
    assert "stays alive" in page.text
    assert apple.log_in().status_code == 200
    assert other_pair.secrets(kim.send(f"/services/{service}/token").content)


def test_a_download_before_a_certificate_is_refused_in_the_portals_words(kim, name):
    """A12: the wrong order is possible, and explained."""
    saved = kim.send("/services", name=name)
    address = saved.headers["location"].partition("?")[0]
    assert "needs a certificate" in kim.open(saved.headers["location"]).text
    page = kim.submit(f"{address}/token")
    assert (page.status, page.alerts) == (409, ["Upload a certificate for this service before downloading its token."])


@pytest.mark.parametrize(("wanted", "status"), [("Unassigned", 400), ("", 400), ("{taken}", 409)])
def test_a_name_that_cannot_be_had_comes_back_with_the_reason(wanted, status, kim, service, name):
    """A4: what was typed and ticked is still there."""
    wanted = wanted.format(taken=name)
    page = kim.submit("/services", name=wanted, release_devices="yes")
    assert page.status == status
    assert len(page.alerts) == 1
    controls = {control.attributes.get("name"): control.attributes for control in page.form("/services").controls}
    assert controls["name"]["value"] == wanted
    assert "checked" in controls["release_devices"]


def test_a_file_that_is_no_certificate_is_refused_with_the_reason(kim, service, pair):
    """A5: a private key above all, nothing chosen, something else."""
    path = f"/services/{service}/certificate"
    for file, words in ((pair.pem.encode() + pair.key_file.read_bytes(), "private key"), (b"\x00\xff", "not an X.509")):
        page = kim.submit(path, file)
        assert page.status == 400
        assert words in page.alerts[0]
    assert kim.submit(path).alerts == ["Choose a certificate file first."]


def test_a_name_full_of_markup_is_a_name(kim, name):
    """A4: it is shown as it was typed."""
    odd = f"<script>alert('{name}')</script> & \"x\""
    page = kim.submit("/services", name=odd)
    assert odd in page.text
    assert "script" not in page.tags
    assert odd in kim.open("/").text


def test_who_has_no_fitting_role_sees_no_service(nobody, stand_in, person, service, name):
    """A11: and may still change the password."""
    stand_in.admin("PATCH", f"/users/{person}", {"role": "staff"})
    page = nobody.submit("/sign-in", account=person)
    assert page.alerts == ["The role 'staff' does not allow managing device management services."]
    assert name not in page.text
    for path in (f"/services/{service}", "/services/new", f"/services/{service}/download"):
        assert nobody.open(path).status == 403
    refused = nobody.submit(f"/services/{service}/token")
    assert (refused.status, name in refused.text) == (403, False)
    assert nobody.open("/account").status == 200


@pytest.mark.parametrize(("status", "code"), [("deactivated", 403), ("locked", 403), ("deleted", 401)])
def test_who_cannot_sign_in_is_told_why(status, code, nobody, stand_in, person):
    """A8: also with a cookie from before."""
    nobody.send("/sign-in", account=person)
    stand_in.admin("PATCH", f"/users/{person}", {"status": status})
    page = nobody.submit("/sign-in", account=person)
    assert (page.status, len(page.alerts)) == (code, 1)
    assert "Who is at the portal?" in nobody.open("/").text
    assert nobody.open("/services/new").status in {200, 403}
    assert "Add a service" not in nobody.open("/services/new").text
    assert "Add a service" not in nobody.submit("/terms").text


def test_nobody_does_nothing(nobody, service, apple):
    """A11: without a person the portal asks who it is, and the token lives on."""
    assert "Who is at the portal?" in nobody.submit(f"/services/{service}/token").text
    assert "Who is at the portal?" in nobody.open(f"/services/{service}").text
    assert apple.log_in().status_code == 200


def test_a_changed_password_can_end_the_token(nobody, stand_in, person, new_token):
    """A7: by a click, with the effect that the switch gives it."""
    apple = new_token(person)
    stand_in.admin("POST", "/switches", {"password_effect": "at-once"})
    nobody.send("/sign-in", account=person)
    assert "password is changed" in nobody.submit("/account/password").text
    assert apple.log_in().text == "token_rejectedForbidden"


def test_who_leaves_takes_the_tokens_along(nobody, person, new_token, service):
    """A8: after saying that this is known; a colleague sees the dead token."""
    apple = new_token(person)
    nobody.send("/sign-in", account=person)
    assert nobody.submit("/account/leave").status == 400
    assert apple.log_in().status_code == 200

    page = nobody.submit("/account/leave", sure="yes")
    assert "The account is deleted." in page.text
    assert "Who is at the portal?" in page.text
    assert apple.log_in().text == "FORBIDDEN"
    nobody.send("/sign-in", account=KIM)
    assert "Apple refuses it: FORBIDDEN" in nobody.open(f"/services/{service}").text


def test_new_terms_are_accepted_by_an_administrator_alone(nobody, stand_in, apple, name):
    """A11: everybody sees them, and Apple refuses calls until then."""
    boss = f"boss.{name.replace(' ', '')}@corp.example".lower()
    assert "The person is added." in nobody.submit("/people", new_account=boss, role="administrator").text
    nobody.submit("/new-terms")
    assert apple.log_in().text == "T_C_NOT_SIGNED"

    nobody.send("/sign-in", account=KIM)
    page = nobody.submit("/terms")
    assert (page.status, page.alerts) == (403, ["Only an administrator can accept Apple's terms."])
    assert "New terms and conditions" in page.text
    nobody.send("/sign-in", account=boss)
    page = nobody.submit("/terms")
    assert "The terms are accepted." in page.text
    assert "New terms and conditions" not in page.text
    assert apple.log_in().status_code == 200


def test_a_person_who_is_there_cannot_be_added(nobody):
    """A11: the sentence stands on the page."""
    page = nobody.submit("/people", new_account=f" {KIM.upper()} ", role="administrator")
    assert (page.status, page.alerts) == (400, [f"There is already a user {KIM}."])


def test_a_fault_script_holds_for_the_page_too(kim, stand_in, service, name, apple):
    """A10: the file got lost, the click counts."""
    fault = {"where": "portal-token", "service": name, "status": 502, "carry_out": True}
    stand_in.admin("POST", "/faults", fault)
    assert kim.send(f"/services/{service}/token").status_code == 502
    assert apple.log_in().status_code == 403


@pytest.mark.parametrize("path", ["/services", "/sign-in"])
def test_what_is_no_form_is_refused(path, kim):
    """A12: with a page, not with a trace."""
    answer = kim.http.post(f"{kim.portal}{path}", content=b"{}", headers={"content-type": "multipart/form-data"})
    page = Page(answer)
    assert (page.status, page.alerts) == (400, ["This is not a form of these pages."])


def test_an_unknown_service_is_404(kim, pair):
    """A12: for reading, saving and downloading."""
    assert kim.open("/services/unknown").status == 404
    assert kim.submit("/services/unknown/certificate", pair.pem.encode()).status == 404
    assert kim.submit("/services/unknown/token").status == 404


def test_every_page_stands_alone_and_can_be_used_by_keyboard(kim, service):
    """A12: own resources only, no script at all, a label for each field, a way past the header."""
    for path in ("/", "/services/new", f"/services/{service}", f"/services/{service}/download", "/account"):
        answer = kim.http.get(f"{kim.portal}{path}")
        page = Page(answer)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert page.resources == ["/portal.css", "data:,"]
        assert page.links[0] == "#main"
        assert {"main", "h1", "header", "footer"} <= page.tags
        assert "script" not in page.tags
        fields = [control.attributes for form in page.forms for control in form.controls if control.tag != "button"]
        for attributes in fields:
            assert attributes.get("type") == "checkbox" or attributes["id"] in page.labels
        assert all(form.attributes["method"] == "post" for form in page.forms)


def test_the_style_is_one_file_of_ours_for_light_and_dark(nobody):
    """A12: without anything from elsewhere."""
    answer = nobody.http.get(f"{nobody.portal}/portal.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text
    assert "url(" not in answer.text
    assert "@import" not in answer.text


@pytest.mark.parametrize("host", ["portal.attacker.example", "127.0.0.1.attacker.example", "10.0.0.1:80", ""])
def test_a_foreign_host_is_refused(host, kim):
    """A11: pages, the portal's programming side and the control plane answer to this machine's names alone."""
    for path in ("/", "/portal/services", "/admin/state"):
        assert kim.http.get(f"{kim.portal}{path}", headers={"host": host}).status_code == 400
    port = kim.portal.rpartition(":")[2]
    assert kim.http.get(f"{kim.portal}/", headers={"host": f"localhost:{port}"}).status_code == 200
