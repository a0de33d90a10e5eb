from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.simulator.forms import MOST_PARTS, Form, NotAForm, parse_form

BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
URLENCODED = "application/x-www-form-urlencoded"
names = st.text("abcdefgh-_", min_size=1, max_size=8)


def multipart(fields: dict[str, str], files: dict[str, bytes]) -> bytes:
    """Return what a browser sends."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode()
        for name, value in fields.items()
    ] + [
        f'Content-Disposition: form-data; name="{name}"; filename="x.der"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        for name, content in files.items()
    ]
    body = b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()


@given(
    fields=st.dictionaries(names, st.text(max_size=40), max_size=5),
    files=st.dictionaries(names, st.binary(min_size=1, max_size=80), max_size=5),
)
def test_what_a_browser_sends_arrives_unchanged(fields, files):
    """A5: text in any script, files to the last byte, line ends included."""
    assert parse_form(TYPE, multipart(fields, files)) == Form(fields, files)


def test_a_file_input_without_a_file_counts_as_not_sent():
    """A5: a browser sends an empty part for it."""
    form = parse_form(f'multipart/form-data; boundary="{BOUNDARY}"', multipart({"name": "x"}, {"certificate": b""}))
    assert form == Form({"name": "x"}, {})
    assert (form.text("name"), form.text("other")) == ("x", "")


def test_an_encoded_form_is_read_too():
    """A5: forms without files, the last of equal names counts."""
    assert parse_form(f"{URLENCODED}; charset=UTF-8", b"a=1&b=%C3%A4+%26&a=2&c=").fields == {
        "a": "2",
        "b": "ä &",
        "c": "",
    }


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        (TYPE, b""),
        (TYPE, b"no boundary"),
        (TYPE, multipart({"a": "b"}, {})[:-8]),
        (TYPE, f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n--{BOUNDARY}--\r\n'.encode()),
        (TYPE, f"--{BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode()),
        (TYPE, multipart({"a": "b"}, {}).replace(b"\r\n\r\nb", b"\r\n\r\n\xff")),
        (TYPE, multipart({f"a{number}": "" for number in range(MOST_PARTS + 1)}, {})),
        ("multipart/form-data; boundary=ä", b""),
        (URLENCODED, b"\xff"),
        (URLENCODED, b"a=%FF"),
        (URLENCODED, b"&".join(b"a=b" for _ in range(MOST_PARTS + 1))),
    ],
)
def test_what_no_browser_sends_is_refused(content_type, body):
    """A5: a body cut short, a part without head or name, bytes that are no text, too many parts."""
    with pytest.raises(NotAForm):
        parse_form(content_type, body)


@given(
    body=st.binary(max_size=200),
    inner=st.lists(st.sampled_from([f"--{BOUNDARY}".encode(), b"\r\n", b"--", b'name="a"'])),
)
def test_any_bytes_are_a_form_or_refused(body, inner):
    """A5: nothing else happens."""
    with suppress(NotAForm):
        parse_form(TYPE, b"".join(inner) + body)
