from tokenward.schema.near import suggest


def test_a_misspelt_word_gets_the_nearest_one():
    """One answer where there is a near one, else all that would do."""
    known = ["renew_before", "recover_for", "freeze"]

    assert suggest("renew_befor", known) == '"renew_before"'
    assert suggest("xyz", known) == 'one of "freeze", "recover_for", "renew_before"'
    assert suggest("xyz", []) == ""
