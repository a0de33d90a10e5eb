"""``/metrics``: in Prometheus's text format or in OpenMetrics, as the scraper asks, and never on the event loop."""

import asyncio
import gzip
from typing import Final

from prometheus_client import disable_created_metrics
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from tokenward.web.metrics import Metrics

_OPENMETRICS: Final = "application/openmetrics-text"
_FASTEST: Final = 1
"""Level of compression. Level 6 saves another sixth of the size and takes more than twice the time."""


class Exposition:
    """Answers scrapes one after the other, so that many at once take no more memory than one."""

    def __init__(self, metrics: Metrics) -> None:
        """Show *metrics*."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the counters in the text format
        self._metrics = metrics
        self._turn = asyncio.Lock()

    async def answer(self, request: Request) -> Response:
        """Return the page in the format, and compressed, as *request* asks."""
        accept = _OPENMETRICS if _accepts_openmetrics(request.headers.get("accept", "")) else ""
        _, content_type = choose_encoder(accept)
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        is_compressed = gzip_accepted(request.headers.get("accept-encoding", ""))
        if is_compressed:
            headers["Content-Encoding"] = "gzip"
        async with self._turn:
            collector = await self._metrics.look()
            body = await asyncio.to_thread(_render, collector, accept, is_compressed=is_compressed)
        return Response(body, headers=headers)


def _accepts_openmetrics(accept: str) -> bool:
    """Return whether a scraper takes version 1 of OpenMetrics. The client's own reading of versions is not safe."""
    for kind in accept.split(","):
        name, *parameters = (part.strip() for part in kind.split(";"))
        versions = [value for key, _, value in (one.partition("=") for one in parameters) if key == "version"]
        if name == _OPENMETRICS and all(version.partition(".")[0] == "1" for version in versions):
            return True
    return False


def _render(collector: Collector, accept: str, *, is_compressed: bool) -> bytes:
    encoder, _ = choose_encoder(accept)
    body = encoder(collector)
    return gzip.compress(body, _FASTEST) if is_compressed else body
