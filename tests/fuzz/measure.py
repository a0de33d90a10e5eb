"""A process of its own that has one parser read large hostile input, and prints what the worst of it cost.

    python measure.py PARSER

Prints one JSON object: ``seconds`` and ``input`` of the slowest single reading (each input is tried up to three times
and the shortest counts, for others use the machine too), and ``memory``, by how many bytes the process grew at most.
"""

import json
import resource
import sys
import time
from typing import Final

from fuzz.hostile import hostile_inputs
from fuzz.parsers import PARSERS, Parser

READINGS: Final = 3
QUICK_SECONDS: Final = 0.02
"""What was that quick once needs no second reading."""
KIBIBYTE: Final = 1024


def main(name: str) -> None:
    """Measure the parser *name*."""
    parser = PARSERS[name]
    for seed in parser.seeds():
        parser.try_on(seed)
    inputs = list(hostile_inputs(parser, parser.largest))
    before = _peak()
    seconds, label = max((_shortest(parser, raw), label) for label, raw in inputs)
    print(json.dumps({"seconds": seconds / parser.readings, "input": label, "memory": (_peak() - before) * KIBIBYTE}))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _shortest(parser: Parser, raw: bytes) -> float:
    shortest = _seconds(parser, raw)
    for _ in range(READINGS - 1):
        if shortest < QUICK_SECONDS:
            break
        shortest = min(shortest, _seconds(parser, raw))
    return shortest


def _seconds(parser: Parser, raw: bytes) -> float:
    begun_at = time.perf_counter()
    parser.try_on(raw)
    return time.perf_counter() - begun_at


if __name__ == "__main__":
    main(sys.argv[1])
