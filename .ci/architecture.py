"""ARCHITECTURE.md and the tree say the same.

Every top-level folder, and every folder and module directly under the crates' src, is named in the file's tables;
every path in the first column of a table exists; and the crates' modules import only what the last column allows.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The crates' sources, and what any of their modules may use.
SOURCES = {"flightstream-core/src": set(), "flightstream-apps/src": {"cli", "error"}}
# Names at the crate's root, and the modules that they come from.
RE_EXPORTED = {
    "Records": "records",
    "from_batches": "records",
    "from_values": "records",
    "Fatal": "error",
    "OnFailure": "error",
}
# A crate's root and what every crate has need no row.
UNNAMED = {"lib.rs", "main.rs"}


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [path for path in listing.split("\0") if path and (ROOT / path).is_file()]


def expected(files: list[str]) -> set[str]:
    paths = set()
    for file in files:
        folder, *rest = file.split("/")
        if rest:
            paths.add(f"{folder}/")
        for source in SOURCES:
            inside = file.removeprefix(f"{source}/")
            if inside != file:
                name, *rest = inside.split("/")
                if rest:
                    paths.add(f"{source}/{name}/")
                elif name not in UNNAMED:
                    paths.add(f"{source}/{name}")
    return paths


def named(text: str) -> set[str]:
    """The paths in the first column of tables whose header begins with `directory`, under the table's prefix."""
    paths, prefix = set(), None
    for line in text.splitlines():
        if header := re.match(r"\| directory(?: under `([^`]+)`)? +\|", line):
            prefix = header[1] or ""
        elif not line.startswith("|"):
            prefix = None
        elif prefix is not None:
            paths.update(prefix + path for path in re.findall(r"`([^`]+)`", line.split("|")[1]))
    return paths


def allowed(text: str, source: str) -> dict[str, set[str]]:
    """What each module of a crate may use, by its row."""
    rules = {}
    table = text.partition(f"| directory under `{source}/`")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        cells = [re.findall(r"`(\w+)(?:\.rs|/)?`", cell) for cell in line.split("|")]
        module = cells[1][0]
        rules[module] = {module, *cells[3], *SOURCES[source]}
    return rules


def imported(source: str) -> set[str]:
    """The modules of its crate that a file names, without its comments and unit tests."""
    code = re.sub(r"//.*", "", source.partition("#[cfg(test)]")[0])
    names = set(re.findall(r"\bcrate::(\w+)", code))
    for group in re.findall(r"\bcrate::\{([^;]*)\}", code):
        names.update(re.findall(r"(?:^|[,{])\s*(\w+)", re.sub(r"\{[^{}]*\}", "", group)))
    return {RE_EXPORTED.get(name, name) for name in names}


def forbidden(files: list[str], source: str, rules: dict[str, set[str]]) -> list[str]:
    found = []
    for file in files:
        inside = file.removeprefix(f"{source}/")
        module = inside.split("/")[0].removesuffix(".rs")
        if inside != file and file.endswith(".rs") and module in rules:
            names = imported((ROOT / file).read_text(encoding="utf-8")) & set(rules)
            for name in sorted(names - rules[module]):
                found.append(f"{file} uses {name}, which ARCHITECTURE.md does not allow to {module}")
    return found


def main() -> int:
    files = tracked()
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    there = named(text)
    problems = [f"ARCHITECTURE.md has no row for {path}" for path in sorted(expected(files) - there)]
    for path in sorted(there):
        if not (ROOT / path).exists():
            problems.append(f"ARCHITECTURE.md names {path}, which does not exist")
    for source in SOURCES:
        rules = allowed(text, source)
        if not rules:
            problems.append(f"ARCHITECTURE.md has no table of {source}/")
        problems.extend(forbidden(files, source, rules))
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main())
