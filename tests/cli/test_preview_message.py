from tokenward.cli.exit_codes import Exit

LETTER = {
    "subject": "[Action by 30 Nov] Renew",
    "body": "Hello Kim,\n\nplease.\n",
    "reference": "TW-1",
    "channels": [{"channel": "mail", "to": "kim@corp.example"}, {"channel": "log", "to": ""}],
    "is_example": True,
    "held_until": "2026-11-25T07:00:00Z",
}


def test_a_message_is_shown_with_its_ways_and_when_it_would_be_held(cli, control):
    """B11.1: exactly what would be sent, and that it is not."""
    control.answers["/v1/preview"] = LETTER

    result = cli("preview-message", "token.asked", "kim")

    assert result.stdout == (
        "An example: nothing calls for this message now.\n\n"
        "By       mail (kim@corp.example), else log\n"
        "Held     until 2026-11-25 07:00 UTC: quiet hours\n"
        "Subject  [Action by 30 Nov] Renew\n"
        "\n"
        "Hello Kim,\n\nplease.\n"
    )
    assert control.asked == ["/v1/preview?kind=token.asked&to=kim&service=&reveal="]


def test_programs_get_the_whole_answer(cli, control):
    """As everywhere: --json."""
    control.answers["/v1/preview"] = LETTER

    assert cli.json("preview-message", "token.asked", "kim", "--json") == LETTER


def test_a_key_is_not_revealed_into_a_pipe(cli, control):
    """Promise 4: whoever has it can act for its person."""
    control.answers["/v1/preview"] = LETTER

    result = cli("preview-message", "token.asked", "kim", "--reveal")

    assert result.exit_code == Exit.USED_WRONGLY
    assert control.asked == []
