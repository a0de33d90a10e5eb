"""The dashboard as Grafana's own types and Prometheus's own parser see it. No Grafana has shown it."""

import json
import re
import subprocess

import pytest
import yaml

from dashboards.shipped import FOLDER
from docs.documents import ROOT
from fakes.programs import needs

BOARD = FOLDER / "grafana" / "tokenward.json"
MODULES = ROOT / "node_modules"
CONFIGURATIONS = {
    "stat": "StatPanelCfg",
    "statetimeline": "StateTimelinePanelCfg",
    "table": "TablePanelCfg",
    "timeseries": "TimeSeriesPanelCfg",
}
"""Where the types have the options of each kind of panel, by its folder there."""
PLAIN = """\
/** A type with the plain words of JSON in the place of enumerations. */
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""

pytestmark = pytest.mark.peers


@needs("promtool", "prometheus")
def test_every_query_on_the_dashboard_is_one(tmp_path):
    """C8: with its variables filled in, and written as a recording rule."""
    queries = re.findall(r'"expr": ("(?:[^"\\]|\\.)*")', BOARD.read_text())
    rules = [
        {"record": f"query:{number}", "expr": re.sub(r"\$\w+", _filled, json.loads(query))}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    ended = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(rules) > 30


def _filled(found):
    return "1h" if found[0] == "$__range" else ".*"


@pytest.fixture
def compiled(tmp_path):
    """Return what the compiler says of a module."""
    (tmp_path / "node_modules").symlink_to(MODULES)

    def compile_module(text):
        (tmp_path / "board.ts").write_text(text)
        options = ["--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext"]
        ended = subprocess.run(
            ["node", MODULES / "typescript" / "bin" / "tsc", *options, "board.ts"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return ended.stdout + ended.stderr

    return compile_module


def module_of(document):
    """Return a module that is right only if *document* has the types of a dashboard and of its panels."""
    for annotation in document["annotations"]["list"]:
        del annotation["expr"]  # for versions before these types, which read it there
        del annotation["target"]["expr"]  # these types know what the queries of all data sources have
    lines = ["import type { Dashboard } from '@grafana/schema';", PLAIN]
    for folder, name in CONFIGURATIONS.items():
        path = f"@grafana/schema/dist/esm/raw/composable/{folder}/panelcfg/x/{name}_types.gen"
        lines.append(f"import type {{ Options as {name} }} from '{path}';")
    lines.append(f"export const board: Plain<Dashboard> = {json.dumps(document, indent=1)};")
    for panel in (one for one in document["panels"] if "options" in one):
        name = CONFIGURATIONS[panel["type"].replace("-", "")]
        lines.append(f"export const options{panel['id']}: Plain<Partial<{name}>> = {json.dumps(panel['options'])};")
    return "\n".join(lines)


@needs("npm", "npm")
def test_the_dashboard_has_grafana_s_types(compiled):
    """C8: of the whole and of the options of each panel."""
    assert compiled(module_of(json.loads(BOARD.read_text()))) == ""


@needs("npm", "npm")
@pytest.mark.parametrize("spoilt", ['"gridPos"', '"graphTooltip"', '"absolute"', '"graphMode"'])
def test_a_misspelt_word_would_be_found(compiled, spoilt):
    """C8: so the test above can fail."""
    text = BOARD.read_text()
    assert spoilt in text

    assert "error TS" in compiled(module_of(json.loads(text.replace(spoilt, f'{spoilt[:-1]}s"', 1))))
