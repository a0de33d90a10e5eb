"""What somebody may have meant who wrote a word that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is nearest to *word*; where none is near, all of them; nothing for none."""
    words = sorted(set(known))
    if not words:
        return ""
    near = get_close_matches(word, words, n=1, cutoff=0.6)
    return f'"{near[0]}"' if near else "one of " + ", ".join(f'"{one}"' for one in words)
