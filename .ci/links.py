"""Every link of the Markdown files to something in the tree leads to it: the file is there, and so is the heading."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / path for path in listing.split("\0") if path]


def anchors(path: Path) -> set[str]:
    """As the forge makes them: lower case, blanks become hyphens, other signs go."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", CODE.sub("", path.read_text()), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 1
        while (name := anchor if number == 1 else f"{anchor}-{number - 1}") in found:
            number += 1
        found.add(name)
    return found


def main() -> int:
    wrong = 0
    for path in tracked():
        text = CODE.sub("", path.read_text())
        for target in re.findall(r"(?<!\\)\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z+]+:", target) or "::" in target:
                continue
            name, _, anchor = target.partition("#")
            there = (path.parent / name).resolve() if name else path
            # rustdoc's pages link to items, not to files.
            if "src" in path.relative_to(ROOT).parts and not there.suffix:
                continue
            what = None
            if not there.exists():
                what = "there is no such file"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there):
                what = "there is no such heading"
            if what:
                print(f"{path.relative_to(ROOT)}: {target}: {what}", file=sys.stderr)
                wrong += 1
    return wrong != 0


sys.exit(main())
