from fakes.values import DAY, HOUR, NOW, a_rotation, a_stored_envelope, an_installed_token
from tokenward.store.connection import checkpoint


def test_destroyed_secrets_are_gone_from_the_disk(connection, change, path):
    """Promise 4: secrets are destroyed when superseded, by overwriting; that they were held is still known."""
    change.tokens.keep_secrets("main", "old", b"the old values, sealed")
    change.tokens.record(an_installed_token(token_digest="old"))
    change.tokens.keep_secrets("main", "new", b"the new values, sealed")
    change.tokens.record(an_installed_token(token_digest="new", since=NOW + HOUR))
    checkpoint(path)
    assert b"the old values" in path.read_bytes()

    assert change.tokens.destroy_superseded(NOW + DAY) == 1
    checkpoint(path)
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"the old values" not in everything
    assert b"the new values" in everything
    assert connection.execute("select count(*) from token_secret").fetchone()[0] == 2


def test_secrets_are_overwritten_with_as_many_zeros_before_they_are_dropped(connection, change):
    """Promise 4: the place on the disk is overwritten, not only given free."""
    change.tokens.keep_secrets("main", "old", b"12345")
    change.tokens.record(an_installed_token(token_digest="old"))
    change.tokens.record(an_installed_token(token_digest="new"))
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    change.tokens.destroy_superseded(NOW + DAY)
    overwrite, drop = [statement for statement in statements if "update" in statement]
    assert "zeroblob(length(sealed))" in overwrite
    assert "sealed = null" in drop


def test_secrets_that_were_never_installed_go_with_the_next_ones(change):
    """B2.4: a newer envelope overtakes one that was never installed; its secrets do not stay for ever."""
    for digest in ("installed", "overtaken", "newest"):
        change.tokens.keep_secrets("main", digest, digest.encode())
        if digest != "overtaken":
            change.tokens.record(an_installed_token(token_digest=digest))
    assert change.tokens.destroy_superseded(NOW + DAY) == 2
    assert change.tokens.sealed_secrets("main") == b"newest"


def test_a_token_without_known_values_has_no_secrets(change):
    """B1.1: another's secrets are never taken for those of the installed token."""
    change.tokens.keep_secrets("main", "old", b"old")
    change.tokens.record(an_installed_token(token_digest="old"))
    change.tokens.record(an_installed_token(token_digest=None, since=NOW + HOUR))
    assert change.tokens.sealed_secrets("main") is None
    assert change.tokens.destroy_superseded(NOW + DAY) == 1


def test_an_envelope_that_nobody_works_with_is_gone_from_the_disk(change, path):
    """Promise 4: the file of a superseded token goes after the grace, that of the token in use stays."""
    change.envelopes.add(a_stored_envelope("old", sealed=b"the old file, sealed"))
    change.envelopes.add(a_stored_envelope("new", sealed=b"the new file, sealed"))
    change.tokens.record(an_installed_token(envelope="new"))
    checkpoint(path)

    assert change.envelopes.destroy_superseded(NOW + DAY) == 1
    checkpoint(path)
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"the old file" not in everything
    assert b"the new file" in everything
    assert change.envelopes.destroy_superseded(NOW + DAY) == 0


def test_an_envelope_of_an_open_rotation_stays(change):
    """Promise 4: what is on its way to a target is no past."""
    change.envelopes.add(a_stored_envelope("coming"))
    change.rotations.open(a_rotation(envelope="coming"))

    assert change.envelopes.destroy_superseded(NOW + DAY) == 0
