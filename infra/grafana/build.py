"""Makes Grafana's dashboards of the TOML files beside this one: `python3 infra/grafana/build.py`.

`--check` compares instead, and `--queries` prints all queries as recording rules, which promtool can check.

A file is a dashboard: its title, variables, and rows of panels. A panel has a title, a unit, and queries with their
legends; `kind` is a graph unless it says `stat`. Panels stand side by side, `width` of 24 columns each.
"""

import json
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
HEIGHT = {"stat": 4, "graph": 8}
TYPES = {"stat": "stat", "graph": "timeseries"}


def panel(number: int, given: dict, x: int, y: int) -> dict:
    kind = given.get("kind", "graph")
    defaults = {"unit": given.get("unit", "short"), "min": 0}
    if "red" in given:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": given["red"]}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    targets = [
        {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
        for n, (legend, expr) in enumerate(given["queries"].items())
    ]
    options = {"tooltip": {"mode": "multi", "sort": "desc"}} if kind == "graph" else {"reduceOptions": {"calcs": ["lastNotNull"]}}
    return {
        "id": number,
        "type": TYPES[kind],
        "title": given["title"],
        "description": given.get("description", ""),
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": given["width"], "h": HEIGHT[kind]},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets,
    }


def variable(name: str, query: str) -> dict:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def dashboard(uid: str, given: dict) -> dict:
    panels, x, y, height = [], 0, 0, 0
    for number, one in enumerate(given["panel"], start=1):
        if x + one["width"] > 24:
            x, y, height = 0, y + height, 0
        made = panel(number, one, x, y)
        panels.append(made)
        x, height = x + one["width"], max(height, made["gridPos"]["h"])
    return {
        "uid": f"flightstream-{uid}",
        "title": given["title"],
        "tags": ["flightstream"],
        "editable": False,
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "templating": {"list": [variable(*item) for item in given.get("variables", {}).items()]},
        "panels": panels,
    }


def queries() -> str:
    rules = []
    for path in sorted(HERE.glob("*.toml")):
        for one in tomllib.loads(path.read_text())["panel"]:
            for expr in one["queries"].values():
                expr = expr.replace("$app", ".*").replace("$instance", ".*").replace("$topic", ".*")
                rules.append({"record": f"query_{len(rules)}", "expr": expr})
    return json.dumps({"groups": [{"name": "queries", "rules": rules}]})


def main() -> int:
    if "--queries" in sys.argv:
        print(queries())
        return 0
    wrong = 0
    expected = {}
    for path in sorted(HERE.glob("*.toml")):
        made = dashboard(path.stem, tomllib.loads(path.read_text()))
        expected[BUILT / f"{path.stem}.json"] = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    for path, text in expected.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path} is not what its source makes: run python3 infra/grafana/build.py", file=sys.stderr)
            wrong = 1
    for path in set(BUILT.glob("*.json")) - set(expected):
        print(f"{path} has no source", file=sys.stderr)
        wrong = 1
    return wrong


sys.exit(main())
