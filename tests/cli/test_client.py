import socket
import threading
from contextlib import contextmanager

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from cli.calling import a_service, a_status
from tokenward.cli.client import Client
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed


@pytest.fixture
def answering(listening):
    """Have every question answered in the same way; gives what asks."""
    served, path = listening

    def answer_with(response):
        served.app = response
        return Client(path)

    return answer_with


def failure_of(work, *arguments):
    """Return how *work* ends."""
    with pytest.raises(Failed) as caught:
        work(*arguments)
    return caught.value


def test_an_answer_is_given_as_it_came(answering):
    """What the daemon says goes through untouched."""
    client = answering(JSONResponse(a_status(a_service())))

    assert client.look("/v1/status") == a_status(a_service())


def test_without_a_daemon_it_is_said_where_and_what_to_do(folder):
    """5, with the socket's path and a command."""
    failed = failure_of(Client(folder / "s").look, "/v1/status")

    assert failed.code is Exit.UNREACHABLE
    assert str(folder / "s") in failed.happened
    assert "systemctl status tokenward" in failed.do


def test_a_socket_that_was_left_behind_is_no_daemon(folder):
    """A daemon that was killed leaves its socket; nobody listens there."""
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(folder / "s"))

    assert failure_of(Client(folder / "s").look, "/").code is Exit.UNREACHABLE


def test_a_path_that_is_too_long_for_a_socket_is_no_crash(folder):
    """Unix sockets have short names."""
    assert failure_of(Client(folder / ("s" * 200)).look, "/").code is Exit.UNREACHABLE


@contextmanager
def speaking(path, said):
    """Say these bytes to whoever asks something, and hang up when they have read that far."""

    def speak(listener):
        knocking, _ = listener.accept()
        knocking.close()
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(said)
            if said:
                connection.recv(1)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=speak, args=(listener,))
        thread.start()
        yield
        thread.join(10)


def test_a_daemon_that_drips_its_answer_is_not_waited_for_for_ever(folder):
    """The whole answer has a limit, not each of its bytes."""
    seconds = iter(range(0, 1000, 6))
    client = Client(folder / "s", steady=lambda: next(seconds))

    with speaking(folder / "s", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 3):
        failed = failure_of(client.look, "/v1/status")

    assert failed.code is Exit.UNREACHABLE
    assert "may have been taken" in failed.means


def test_a_daemon_that_hangs_up_may_have_taken_what_was_asked(folder):
    """No answer is no refusal: look before asking again."""
    with speaking(folder / "s", b""):
        failed = failure_of(Client(folder / "s").ask, {"kind": "rotate"})

    assert failed.code is Exit.UNREACHABLE
    assert "tokenward status" in failed.do


def test_an_answer_without_end_is_not_kept(answering, monkeypatch):
    """Whatever listens there can't fill the memory."""
    monkeypatch.setattr("tokenward.cli.client.LARGEST_ANSWER", 1000)
    client = answering(PlainTextResponse("x" * 2000))

    failed = failure_of(client.look, "/")

    assert "too large" in failed.happened


def test_what_is_no_json_is_no_daemon_of_ours(answering):
    """Somebody else's program at the socket is not believed."""
    client = answering(PlainTextResponse("hello"))

    assert failure_of(client.look, "/").code is Exit.FAILED


@pytest.mark.parametrize(
    ("status", "number", "expected"),
    [
        (409, "TW306", Exit.REFUSED),
        (409, "TW999", Exit.FAILED),
        (422, "TW301", Exit.USED_WRONGLY),
        (404, "TW114", Exit.USED_WRONGLY),
        (503, "TW502", Exit.TRY_AGAIN),
        (500, "", Exit.FAILED),
    ],
)
def test_a_finding_of_the_daemon_is_said_in_its_words(answering, status, number, expected):
    """The number, the three parts, and the exit code of the table."""
    body = {"code": number, "happened": "So it is.", "means": "That.", "do": "This."}
    client = answering(JSONResponse(body, status))

    failed = failure_of(client.ask, {"kind": "rotate"})

    assert failed.code is expected
    assert failed.text() == f"{number} So it is.\n  Means  That.\n  Do     This.\n".lstrip()


def test_an_error_without_a_finding_is_still_three_lines(answering):
    """A proxy's or a library's own error page."""
    client = answering(JSONResponse("oops", 500))

    failed = failure_of(client.look, "/")

    assert failed.happened == "The daemon answered 500."
    assert failed.text().count("\n") == 3
