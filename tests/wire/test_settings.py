"""How a server is reached, as configured."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tokenward.wire.client import Connection
from tokenward.wire.settings import PeerSection


def test_what_is_configured_is_what_is_used():
    """Proxy and authorities are explicit; nothing comes from the environment."""
    settings = PeerSection.model_validate(
        {
            "url": "https://mdm.corp.example/",
            "ca_file": "/etc/ca.pem",
            "proxy": "http://proxy.corp.example:3128",
            "timeout": "10s",
        }
    )
    assert settings.url == "https://mdm.corp.example"
    assert settings.connection() == Connection(
        Path("/etc/ca.pem"), proxy="http://proxy.corp.example:3128", total_seconds=10.0
    )


def test_plain_http_to_another_machine_has_to_be_asked_for():
    """The credential can be read on the way: that is the operator's decision, in so many words."""
    url = "http://mdm.corp.example"
    with pytest.raises(ValidationError, match=r"can be read and altered.*insecure = true"):
        PeerSection(url=url)
    assert PeerSection(url=url, insecure=True).url == url


def test_a_key_without_its_certificate_is_a_mistake():
    """By a client certificate a server knows who asks; the key alone says nothing."""
    with pytest.raises(ValidationError, match="client_certificate"):
        PeerSection.model_validate({"url": "https://mdm.corp.example", "client_key": "/etc/key.pem"})


def test_thirty_seconds_are_given_unless_more_are_asked_for():
    """A server that drips is not waited for."""
    assert PeerSection(url="https://mdm.corp.example").timeout == timedelta(seconds=30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"proxy": "proxy.corp.example:3128"},
        {"proxy": "socks5://proxy.corp.example"},
        {"proxy": "http://user:s3cret@proxy.corp.example"},
        {"proxy": "http://proxy.corp.example/path"},
        {"proxy": "http://proxy.corp.example:http"},
        {"timeout": "3m"},
        {"ulr": "https://mdm.corp.example"},
    ],
)
def test_what_will_not_do_is_refused_without_repeating_secrets(wrong):
    """A configuration is wrong at once, not at the first request."""
    with pytest.raises(ValidationError) as refused:
        PeerSection.model_validate({"url": "https://mdm.corp.example"} | wrong)
    assert "s3cret" not in str(refused.value)


def test_no_server_is_waited_for_longer_than_two_minutes():
    """A rotation that waits for one that hangs would stand still without a word."""
    assert PeerSection.model_validate({"url": "https://mdm.corp.example", "timeout": "2m"})
    with pytest.raises(ValidationError, match='at most "2m"'):
        PeerSection.model_validate({"url": "https://mdm.corp.example", "timeout": "3m"})
