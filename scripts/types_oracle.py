#!/usr/bin/env python3
"""Count flight types and airport resolution in an Airlabs CSV, independently of the library.

    python3 scripts/types_oracle.py flights.csv [--data flightstream-core/data]

Prints one JSON object: rows, type counts (Domestic: both airports known and in one country; International: both known
and in two; Unknown: the rest), airport references (fields with any code), how many resolve, and the codes that do not.
An airport is looked up by IATA code first, then by ICAO code, both with aliases. Standard library only.
"""

import argparse
import collections
import csv
import json
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "flightstream-core" / "data"


def rows(path: Path):
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def countries(data: Path) -> tuple[dict[str, str], dict[str, str]]:
    by_iata: dict[str, str] = {}
    by_icao: dict[str, str] = {}
    for name in ("airports_supplement.csv", "airports.csv"):
        for row in rows(data / name):
            if row["iata"]:
                by_iata.setdefault(row["iata"], row["country"])
            if row["icao"]:
                by_icao.setdefault(row["icao"], row["country"])
    for alias in rows(data / "airport_aliases.csv"):
        table = by_iata if alias["kind"] == "iata" else by_icao
        table.setdefault(alias["code"], by_icao[alias["target"]])
    return by_iata, by_icao


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flights", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()

    by_iata, by_icao = countries(arguments.data)
    types = collections.Counter(Domestic=0, International=0, Unknown=0)
    references = resolved = total = 0
    unresolved: collections.Counter[str] = collections.Counter()
    for row in rows(arguments.flights):
        # Exports that were appended to repeat their header.
        if row["hex"] == "hex":
            continue
        total += 1
        found = []
        for end in ("dep", "arr"):
            iata, icao = row[f"{end}_iata"], row[f"{end}_icao"]
            country = by_iata.get(iata) or by_icao.get(icao)
            found.append(country)
            if iata or icao:
                references += 1
                resolved += country is not None
                if country is None:
                    unresolved[f"{iata}/{icao}"] += 1
        if None in found:
            types["Unknown"] += 1
        else:
            types["Domestic" if found[0] == found[1] else "International"] += 1
    print(json.dumps({
        "rows": total,
        "types": types,
        "references": references,
        "resolved": resolved,
        "unresolved": dict(sorted(unresolved.items())),
    }))


if __name__ == "__main__":
    main()
