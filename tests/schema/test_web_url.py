import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.schema.fault import Fault
from tokenward.schema.web_url import parse_web_url


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://mdm.corp.example", "https://mdm.corp.example"),
        ("https://mdm.corp.example:8443/dep/", "https://mdm.corp.example:8443/dep"),
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
        ("http://[::1]:9001/", "http://[::1]:9001"),
        ("http://localhost:9001", "http://localhost:9001"),
    ],
)
def test_https_anywhere_and_http_within_this_machine_are_taken(written, kept):
    """Secrets go over these."""
    assert parse_web_url(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "http://mdm.corp.example",
        "http://127.0.0.1.corp.example",
        "mdm.corp.example",
        "ftp://mdm.corp.example",
        "https://",
        "https://mdm.corp.example:99999",
        "https://[::1",
        "https://mdm.corp.example/ path",
        "https://mdm.corp.example\n",
        5,
        None,
    ],
    ids=str,
)
def test_anything_else_is_refused(written):
    """What goes over plain HTTP to another machine can be read on the way."""
    with pytest.raises(Fault):
        parse_web_url(written)


@pytest.mark.parametrize(
    "written",
    [
        "https://kim:hunter2@mdm.corp.example",
        "https://hunter2@mdm.corp.example",
        "https://mdm.corp.example/?key=hunter2",
        "https://mdm.corp.example/#hunter2",
        "hunter2://kim:hunter2@",
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(written):
    """Secrets have keys of their own."""
    with pytest.raises(Fault) as caught:
        parse_web_url(written)

    assert "hunter2" not in str(caught.value)


@given(st.text() | st.from_regex(r"\Ahttps?://[!-~]{0,40}\Z"))
@example("https://@")
@example("https://:80")
def test_garbage_gives_a_fault_or_an_address_to_append_to(text):
    """A property: what is taken is stable, and carries no query, fragment or user."""
    try:
        url = parse_web_url(text)
    except Fault:
        return
    assert parse_web_url(url) == url
    assert not set("?#@") & set(url.split("/")[2])
    assert not url.endswith("/")
