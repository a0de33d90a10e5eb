"""A process of its own that lets atheris search for bytes that break one parser, led by which code they reach.

python search.py PARSER CORPUS [libFuzzer's options]
"""

import sys

import atheris

with atheris.instrument_imports(include=["tokenward", "asn1crypto"]):
    from fuzz.parsers import PARSERS


def main() -> None:
    """Search until the time is up or something was found."""
    parser = PARSERS[sys.argv.pop(1)]
    for seed in parser.seeds():
        parser.read(seed)  # what is imported or made at the first use is no path of the input
    atheris.Setup(sys.argv, parser.try_on)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
