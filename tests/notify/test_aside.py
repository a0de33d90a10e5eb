import asyncio
import subprocess
import sys
import threading

import pytest

from tokenward.notify.aside import aside


async def test_what_is_done_aside_is_waited_for():
    """B11.1: and its fault is raised where it is waited for."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("refused")

    await aside(lambda: done.append(threading.current_thread().name), "a letter")

    assert done == ["a letter"]
    with pytest.raises(ValueError, match="refused"):
        await aside(fail, "a letter")


async def test_whoever_gives_up_waiting_leaves_it_to_itself():
    """B11.1: a thread can't be ended; its late end, good or bad, disturbs nobody."""
    let_go = threading.Event()

    def work() -> None:
        let_go.wait(10)
        raise ValueError("nobody waits for that any more")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await aside(work, "a letter")
    let_go.set()
    while any(thread.name == "a letter" for thread in threading.enumerate()):
        await asyncio.sleep(0.01)


def test_a_program_ends_while_something_hangs_aside():
    """C9: a mail server that hangs keeps no daemon from ending."""
    program = (
        "import asyncio, threading\n"
        "from tokenward.notify.aside import aside\n"
        "async def main():\n"
        "    task = asyncio.create_task(aside(threading.Event().wait, 'a letter'))\n"
        "    await asyncio.sleep(0.1)\n"
        "    task.cancel()\n"
        "asyncio.run(main())\n"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=20, check=False).returncode == 0
