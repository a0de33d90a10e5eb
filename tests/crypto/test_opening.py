import timeit
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.apple_envelope import VALUES, apple_cms, apple_file, apple_message, one_line_of_json, public_key_of
from tokenward.crypto import (
    CannotBeOpened,
    OpeningFailure,
    ValueMissing,
    WrongRecipient,
    load_keypair,
    make_keypair,
    open_envelope,
    parse_envelope,
    to_pem,
)
from tokenward.crypto.cms import parse_layers
from tokenward.crypto.keypair import LoadedKeypair
from tokenward.model.finding import Code, TokenwardError

CIPHERS = ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc", "-des3", "-aes-128-gcm", "-aes-192-gcm", "-aes-256-gcm"]
TRANSPORTS = {
    "v1.5": (),
    "oaep": ("-keyopt", "rsa_padding_mode:oaep"),
    "oaep-sha256": ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
    "oaep-mixed": (
        *("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512"),
        *("-keyopt", "rsa_mgf1_md:sha256", "-keyopt", "rsa_oaep_label:0a0b0c"),
    ),
}


def values_of(token) -> tuple[str, ...]:
    """Return a token's secrets in the order of the file."""
    secrets = (token.consumer_key, token.consumer_secret, token.access_token, token.access_secret)
    return tuple(secret.reveal_text() for secret in secrets)


EXPECTED = tuple(VALUES.values())[:4]


@pytest.mark.parametrize(
    "form", [("DER",), ("DER", "-stream"), ("PEM",), ("SMIME",), ("SMIME", "-stream")], ids=" ".join
)
@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_whatever_openssl_encrypts_is_opened(openssl, loaded, cipher, transport, form):
    """A3: content ciphers, key transports and encodings of an independent producer."""
    raw = openssl(
        *("cms", "-encrypt", "-binary", cipher, "-outform", *form, "-recip", "cert.pem", *transport),
        given=apple_message(),
    )

    token = open_envelope(parse_envelope(raw), loaded)

    assert values_of(token) == EXPECTED


@pytest.mark.parametrize("form", [(), ("-stream",)], ids=["DER", "BER"])
def test_an_envelope_that_names_the_key_is_opened(openssl, loaded, form):
    """A3: recipient by subject key identifier."""
    raw = openssl(
        *("cms", "-encrypt", "-binary", "-keyid", "-aes-256-cbc", "-outform", "DER", *form, "cert.pem"),
        given=apple_message(),
    )

    assert values_of(open_envelope(parse_envelope(raw), loaded)) == EXPECTED


def test_apples_own_structure_is_opened_here_and_by_openssl(openssl, genuine, loaded):
    """A3: the stand-in for Apple's file is true to the standard, by a second opinion."""
    token = open_envelope(parse_envelope(genuine), loaded)

    assert values_of(token) == EXPECTED
    assert token.expires_at == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert token.issued_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert apple_message() == openssl(
        *("cms", "-decrypt", "-binary", "-inform", "SMIME", "-inkey", "key.der", "-keyform", "DER"), given=genuine
    )


def test_a_ciphertext_in_pieces_is_opened(keypair, loaded):
    """A3: BER lets an octet string come in several pieces."""
    raw = apple_cms(keypair.certificate, apple_message(), piece=100)

    assert values_of(open_envelope(parse_envelope(raw), loaded)) == EXPECTED


def test_the_recipient_at_hand_is_found_among_several(openssl, keypair, loaded, now, tmp_path):
    """A3, B5.2: one of several recipients is enough."""
    other = make_keypair("Another", 8, now, keypair.certificate.not_after - now)
    (tmp_path / "other.pem").write_bytes(to_pem(other.certificate))
    raw = openssl(
        *("cms", "-encrypt", "-binary", "-aes-128-cbc", "-outform", "DER", str(tmp_path / "other.pem"), "cert.pem"),
        given=apple_message(),
    )

    envelope = parse_envelope(raw)

    assert len(envelope.recipients) == 2
    assert values_of(open_envelope(envelope, loaded)) == EXPECTED
    assert values_of(open_envelope(envelope, load_keypair(other))) == EXPECTED


def test_a_token_for_another_certificate_is_told_from_one_that_does_not_open(genuine, now, keypair):
    """B5.1: for a key that nobody here has."""
    stranger = load_keypair(make_keypair("Main MDM", 8, now, keypair.certificate.not_after - now))

    with pytest.raises(WrongRecipient) as refused:
        open_envelope(parse_envelope(genuine), stranger)

    assert refused.value.finding.code is Code.NO_KEY
    assert "serial number 07" in refused.value.finding.means


def test_a_wrong_key_under_the_same_name_never_opens(keypair, namesake, loaded):
    """B5.1, B5.8: RSA yields noise for a wrong key, and noise has right padding once in 256 times."""
    public_key = public_key_of(namesake.certificate)
    for _ in range(800):
        envelope = parse_envelope(apple_cms(keypair.certificate, apple_message(), public_key=public_key))
        with pytest.raises(CannotBeOpened):
            open_envelope(envelope, loaded)


def for_another_key(keypair, namesake) -> bytes:
    """Return an envelope for the namesake's key whose number ours can take too: a larger one is refused at sight."""
    limit = public_key_of(keypair.certificate).public_numbers().n
    while True:
        cms = apple_cms(keypair.certificate, apple_message(), public_key=public_key_of(namesake.certificate))
        if int.from_bytes(parse_layers(cms).key_transports[0].encrypted_key, "big") < limit:
            return cms


def failures(keypair, namesake) -> dict[str, bytes]:
    """Return envelopes that fail at each point of being opened."""
    certificate = keypair.certificate
    good = apple_cms(certificate, apple_message())
    return {
        "another key": for_another_key(keypair, namesake),
        "a key too short": apple_cms(certificate, apple_message(), content_key=b"short"),
        "a key of another cipher": apple_cms(certificate, apple_message(), content_key=b"k" * 32),
        "a key that does not belong": apple_cms(certificate, apple_message(), content_key=b"k" * 16),
        "a changed last block": good[:-20] + bytes((good[-20] ^ 1,)) + good[-19:],
        "no text": apple_cms(certificate, b"\xff" * 100),
        "no message": apple_cms(certificate, b"Dear all, lunch is at noon."),
        "an endless message": apple_cms(certificate, b'{"a":' + b"[" * 30_000),
    }


def test_all_failures_of_opening_look_the_same(keypair, namesake, loaded):
    """B5.8: one text; what went wrong stands in the local detail alone."""
    texts, details = set(), set()
    for raw in failures(keypair, namesake).values():
        with pytest.raises(CannotBeOpened) as refused:
            open_envelope(parse_envelope(raw), loaded)
        texts.add((str(refused.value), refused.value.finding))
        details.add(refused.value.detail)

    assert len(texts) == 1
    assert details == {OpeningFailure.CONTENT_KEY, OpeningFailure.CONTENT, OpeningFailure.MESSAGE}


@pytest.mark.parametrize(
    "case", ["another key", "a key too short", "a key that does not belong", "a changed last block"]
)
def test_all_failures_of_opening_cost_the_same(keypair, namesake, loaded, genuine, case):
    """B5.8: the shortest time is that of the private key, whatever goes wrong after it."""
    broken = parse_envelope(failures(keypair, namesake)[case])
    whole = parse_envelope(genuine)

    def fail() -> None:
        with pytest.raises(CannotBeOpened):
            open_envelope(broken, loaded)

    failing = min(timeit.repeat(fail, number=5, repeat=12))
    opening = min(timeit.repeat(lambda: open_envelope(whole, loaded), number=5, repeat=12))

    assert 0.5 < failing / opening < 2


def test_what_was_encrypted_but_cannot_be_decrypted_here_says_nothing_more(openssl, loaded):
    """B5.8: a cipher that nobody knows looks like every other failure."""
    raw = openssl(*("cms", "-encrypt", "-camellia128", "-outform", "DER", "cert.pem"), given=apple_message())
    envelope = parse_envelope(raw)

    with pytest.raises(CannotBeOpened) as refused:
        open_envelope(envelope, loaded)

    assert envelope.content_cipher == "1.2.392.200011.61.1.1.1.2"
    assert "cannot be opened here" in envelope.warnings[0]
    assert refused.value.detail is OpeningFailure.ALGORITHM


@pytest.mark.parametrize("missing", VALUES)
@pytest.mark.parametrize("instead", [None, "", "  ", 7, ["x"], "line\nbreak", "\ud800"], ids=repr)
def test_a_value_that_is_missing_is_named(keypair, loaded, missing, instead):
    """B5.1: opened, but a value is missing, empty, or nothing that can be sent."""
    values = {name: instead if name == missing else value for name, value in VALUES.items()}
    if instead is None:
        del values[missing]

    with pytest.raises(ValueMissing) as refused:
        open_envelope(parse_envelope(apple_cms(keypair.certificate, apple_message(values))), loaded)

    assert refused.value.names == (missing,)
    assert refused.value.finding.code is Code.VALUE_MISSING


def test_no_error_carries_what_was_inside(keypair, loaded):
    """B5.8: neither the text, nor the chain of causes, which a traceback would print."""
    secret = "CS_do_not_tell"
    for message in (apple_message({"consumer_secret": secret}), secret.encode() + b"{", secret.encode() + b"\xff"):
        with pytest.raises(TokenwardError) as refused:
            open_envelope(parse_envelope(apple_cms(keypair.certificate, message)), loaded)
        assert secret not in refused.value.finding.text()
        assert refused.value.__cause__ is refused.value.__context__ is None


@pytest.mark.parametrize("shape", ["text", "cms"])
def test_no_single_changed_bit_yields_another_token(genuine, loaded, shape):
    """A3, B5.1: an altered file is refused, or was altered where it does not matter."""
    whole = parse_envelope(genuine)
    raw = genuine if shape == "text" else whole.cms
    token = open_envelope(whole, loaded)
    for index in range(len(raw)):
        altered = raw[:index] + bytes((raw[index] ^ 1 << index % 8,)) + raw[index + 1 :]
        assert outcome(altered, loaded) in {token, None}


def outcome(raw: bytes, keypair: LoadedKeypair):
    """Return the token in *raw*, or None where it is refused; anything else is a bug."""
    try:
        return open_envelope(parse_envelope(raw), keypair)
    except TokenwardError:
        return None


@given(data=st.data())
def test_no_change_of_any_kind_yields_another_token(genuine, loaded, data):
    """A3, B5.1: pieces cut out, doubled, moved or overwritten."""
    cms = parse_envelope(genuine).cms
    cuts = sorted(data.draw(st.lists(st.integers(0, len(cms)), min_size=3, max_size=3)))
    first, second, third = cms[: cuts[0]], cms[cuts[0] : cuts[1]], cms[cuts[1] : cuts[2]]
    inserted = data.draw(st.binary(max_size=8))
    altered = b"".join((first, third, inserted, second, cms[cuts[2] :]))

    assert outcome(apple_file(altered), loaded) in {None, open_envelope(parse_envelope(genuine), loaded)}


def test_a_bare_json_line_is_a_message(keypair, loaded):
    """A3: Apple's documentation prints the message without markers."""
    raw = apple_cms(keypair.certificate, one_line_of_json())

    assert values_of(open_envelope(parse_envelope(raw), loaded)) == EXPECTED
