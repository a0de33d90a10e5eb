"""Reading back two hundred watched services, beside as many bare requests with the same latency and concurrency."""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from benchmarks.report import compare
from benchmarks.rounds import summed_up
from fakes.apple_side import AppleSide
from fakes.fleet import Fleet
from fakes.iru import Iru
from fakes.micromdm import MicroMdm
from fakes.simplemdm import SimpleMdm
from fakes.troubles import Troubles
from fakes.web import serving
from fakes.zentral import Zentral
from targets.intune_scene import a_tenant
from targets.jamf_scene import a_jamf, over_http
from targets.test_fleet import FleetCase
from targets.test_iru import IruCase
from targets.test_jumpcloud import an_organisation
from targets.test_micromdm import MicroMdmCase
from targets.test_simplemdm import SimpleMdmCase
from targets.test_zentral import ZentralCase
from tokenward.rotation.watch import AT_ONCE

pytestmark = pytest.mark.bench

SERVICES = 200
LATENCY = 0.05
ROUNDS = 5
GOAL = 1.3
GROSS_LOSS = 2.0
_OWN_SERVERS: tuple[tuple[Any, Any, str], ...] = (
    (Fleet, FleetCase, "holds"),
    (Iru, IruCase, "holds"),
    (MicroMdm, MicroMdmCase, "holds"),
    (SimpleMdm, SimpleMdmCase, "uploaded"),
    (Zentral, ZentralCase, "uploaded"),
)
"""Each with what puts a token there."""


async def test_a_round_of_reading_back_costs_little_more_than_its_requests():
    """A15: many services over many products; what is waited for is the network."""
    async with AsyncExitStack() as stack:
        cases = await _products(stack)
        targets = [case.build(timeout="30s") for case, _ in zip(_over_and_over(cases), range(SERVICES), strict=False)]
        for case in cases:
            case.troubles.latency = LATENCY

        async def read_back() -> None:
            await _side_by_side([target.read_back.read_back for target in targets])

        await read_back()  # logs in where that is needed
        for case in cases:
            case.troubles.seen.clear()
        await read_back()
        asked = [f"{case.url}{path}" for case in cases for _, path in case.troubles.seen]

        async def bare() -> None:
            await _side_by_side([lambda url=url: _bare(url) for url in asked])

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rounds = [
            {f"{len(asked)} bare requests": await _seconds(bare), "reading back": await _seconds(read_back)}
            for _ in range(ROUNDS + 1)
        ]
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    measured = summed_up(rounds[1:])
    print(f"\n{SERVICES} services over {len(cases)} products, {AT_ONCE} at once; memory grew by {grown:.1f} MiB")
    compare("watching", "s", measured, {"reading back": f"{GOAL} ×"})
    assert measured["reading back"].ratio < GROSS_LOSS


async def _products(stack: AsyncExitStack) -> list[Any]:
    """Return one product of each kind, with a token."""
    cases: list[Any] = []
    for fake, case, put in _OWN_SERVERS:
        product = fake(AppleSide())
        getattr(product, put)(product.apple.download(product.certificate))
        troubles = Troubles(product.app())
        cases.append(case(product, troubles, await stack.enter_async_context(serving(troubles))))
    cases += [
        await stack.enter_async_context(over_http(a_jamf())),
        await stack.enter_async_context(a_tenant()),
        await stack.enter_async_context(an_organisation()),
    ]
    return cases


def _over_and_over(cases: list[Any]) -> Iterable[Any]:
    while True:
        yield from cases


async def _side_by_side(questions: list[Callable[[], Awaitable[object]]]) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def ask(question: Callable[[], Awaitable[object]]) -> None:
        async with room:
            await question()

    await asyncio.gather(*(ask(question) for question in questions))


async def _bare(url: str) -> bytes:
    """Ask as barely as can be: one connection, one request, the answer to its end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    begun_at = time.perf_counter()
    await work()
    return time.perf_counter() - begun_at
