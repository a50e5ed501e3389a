#!/usr/bin/env python3
"""Reduce the airports of the PyPI package `airportsdata` to the table that the library embeds.

    python3 -m pip download --no-deps airportsdata==20260905
    python3 scripts/airports.py airportsdata-20260905-py3-none-any.whl

The argument is the wheel or its airports.csv. The output is a function of the input alone, and the input is pinned:
another version is refused until VERSION and SHA256 here, and the counts in flightstream-core/data/README.md, say so.
Standard library only.
"""

import argparse
import csv
import hashlib
import io
import re
import sys
import zipfile
from pathlib import Path

VERSION = "20260905"
SHA256 = "516c57d9d999f7a3be28ca649d2badbe3b972f07e57dc6173ab973b72d51cf52"
MEMBER = "airportsdata/airports.csv"
OUTPUT = Path(__file__).resolve().parent.parent / "flightstream-core" / "data" / "airports.csv"
COLUMNS = ["icao", "iata", "name", "city", "country", "lat", "lon", "elevation_m", "tz"]

ICAO_INDICATOR = re.compile(r"[A-Z]{4}")
IDENTIFIER = re.compile(r"[A-Z0-9-]{3,4}")
METRES_PER_FOOT = 0.3048


def source_bytes(path: Path) -> bytes:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(MEMBER)
    return path.read_bytes()


def number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def reduce(row: dict[str, str]) -> list[str] | None:
    icao, iata = row["icao"], row["iata"]
    # Small strips without either code never occur in a feed: 39 % of the rows.
    if not iata and not ICAO_INDICATOR.fullmatch(icao):
        return None
    # The source fills the column with "_" and the IATA code where an airport has no indicator of its own.
    if not IDENTIFIER.fullmatch(icao):
        icao = ""
    return [
        icao,
        iata,
        " ".join(row["name"].split()),
        " ".join(row["city"].split()),
        row["country"],
        number(float(row["lat"]), 5),
        number(float(row["lon"]), 5),
        number(float(row["elevation"]) * METRES_PER_FOOT, 1) if row["elevation"] else "",
        row["tz"],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the wheel, or the airports.csv in it")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()

    source = source_bytes(arguments.source)
    digest = hashlib.sha256(source).hexdigest()
    if digest != SHA256:
        print(f"{arguments.source}: airports.csv has SHA-256 {digest}, but version {VERSION} has {SHA256}", file=sys.stderr)
        return 1

    rows = [reduce(row) for row in csv.DictReader(io.StringIO(source.decode("utf-8"), newline=""))]
    kept = sorted(row for row in rows if row is not None)
    with arguments.output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(kept)
    print(f"{len(kept)} of {len(rows)} airports, {sum(bool(row[1]) for row in kept)} with an IATA code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
