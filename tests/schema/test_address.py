from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tokenward.schema.address import Address, is_loopback
from tokenward.schema.fault import Fault

PORTS = st.integers(0, 65_535)


@given(st.ip_addresses() | st.sampled_from(["localhost", "mdm.corp.example", "a-b"]), PORTS)
def test_what_is_written_is_read_back(host, port):
    """Round trip: IPv4, IPv6 in brackets, names."""
    assume(not (isinstance(host, IPv6Address) and host.scope_id))
    address = Address(str(host), port)

    assert Address.parse(str(address)) == address


@given(st.text() | st.integers() | st.none() | st.from_regex(r"\A[\[\]0-9a-fA-F:.%-]{1,30}:[0-9]{1,6}\Z"))
@example("127.0.0.1:65536")
@example("127.0.0.1:080")
@example("[::1]")
@example("::1:9847")
@example("300.0.0.1:9847")
@example("1.2.3:80")
@example("-host:80")
@example("host..name:80")
@example("[fe80::1%eth0]:80")
@example("[:::]:80")
@example("unix:/run/socket")
def test_anything_else_is_a_fault_and_nothing_else(value):
    """Garbage gives a fault, or an address that means itself."""
    try:
        address = Address.parse(value)
    except Fault:
        return
    assert Address.parse(str(address)) == address
    assert 0 <= address.port <= 65_535


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_this_machine_alone_is_loopback(host):
    """What only this machine can reach needs no password."""
    assert is_loopback(host)


@given(st.ip_addresses(v=4))
def test_no_other_ipv4_address_is_loopback(ip):
    """Only 127.0.0.0/8 is."""
    assert is_loopback(str(ip)) == (ip.packed[0] == 127)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::ffff:192.0.2.1", "localhost.corp.example", "corp.example"])  # noqa: S104
def test_what_others_may_reach_is_not_loopback(host):
    """When in doubt, others can reach it."""
    assert not is_loopback(host)


def test_an_address_of_ip_version_4_is_kept_as_written():
    """The text of an address is what its listener shows."""
    assert str(Address.parse(f"{IPv4Address('127.0.0.1')}:9847")) == "127.0.0.1:9847"
