"""ARCHITECTURE.md and the tree say the same.

Every top-level folder, and every folder and module directly under the crates' src, is named in the file's tables, and
every path in the first column of a table exists.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ["flightstream-core/src", "flightstream-apps/src"]
# A crate's root and what every crate has need no row.
UNNAMED = {"lib.rs", "main.rs"}


def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [path for path in listing.split("\0") if path]


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


def main() -> int:
    files = tracked()
    there = named((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    missing = sorted(expected(files) - there)
    gone = sorted(path for path in there if not (ROOT / path).exists())
    for path in missing:
        print(f"ARCHITECTURE.md has no row for {path}")
    for path in gone:
        print(f"ARCHITECTURE.md names {path}, which does not exist")
    if not there:
        print("ARCHITECTURE.md has no table of directories")
    return 1 if missing or gone or not there else 0


sys.exit(main())
