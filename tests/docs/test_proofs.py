import ast
import re

import pytest

from docs.documents import ROOT

PROMISES = (
    *("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12", "A13", "A15"),
    *("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"),
)
RULES = (
    *("B1.1", "B1.2", "B1.3", "B1.4", "B1.5"),
    *("B2.1", "B2.2", "B2.3", "B2.4", "B2.5", "B2.6", "B2.7"),
    *("B3.1", "B3.2"),
    *("B4.1", "B4.2", "B4.3", "B4.4", "B4.5", "B4.6", "B4.7"),
    *("B5.1", "B5.2", "B5.3", "B5.4", "B5.5", "B5.6", "B5.7", "B5.8"),
    *("B6.1", "B6.2", "B6.3", "B6.4", "B6.5"),
    *("B7.1", "B7.2", "B7.3", "B7.5", "B7.6", "B7.7", "B7.8"),
    *("B8.1", "B8.2", "B8.3", "B8.5"),
    *("B9.1", "B9.2", "B9.3"),
    *("B10.1", "B10.2"),
    *("B11.1", "B11.2", "B11.3"),
    "B12.5",
)


def _docstrings():
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""
    for path in (ROOT / "tests" / "contracts").glob("*_contract.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""


@pytest.fixture(scope="module")
def shown():
    """Every code that a test's docstring names."""
    return set(re.findall(r"\b(?:[AC]\d+|B\d+\.\d+)\b", " ".join(_docstrings())))


@pytest.mark.parametrize("code", [*PROMISES, *RULES])
def test_every_promise_and_every_rule_is_shown_by_a_test(shown, code):
    """C3: a proof that is lost is missed."""
    assert code in shown
