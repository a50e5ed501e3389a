#!/usr/bin/env python3
"""Compares two topics of enriched flights record by record: `compare.py A B`.

Both files are what flightstream.peer.Dump writes: partition, key, time and document, with tabs between. They are equal
if the same documents stand under the same keys, times and partitions, each as often as in the other, in whatever order;
and documents are equal if they are the same JSON: the order of fields and the way in which a number is written do not
matter. `alt` and `dir` are of single precision.
"""

import hashlib
import json
import struct
import sys
from collections import Counter

SINGLES = ("alt", "dir")


def single(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def canonical(document):
    fields = json.loads(document, parse_int=float)
    for name in SINGLES:
        if name in fields:
            fields[name] = single(fields[name])
    return json.dumps(fields, sort_keys=True)


def records(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            head, document = line.rstrip("\n").rsplit("\t", 1)
            yield head, canonical(document)


def digests(path):
    """How often each record is there, by a digest, so that millions fit into memory."""
    return Counter(
        hashlib.blake2b(f"{head}\t{document}".encode(), digest_size=16).digest()
        for head, document in records(path)
    )


def difference(a, b):
    """None if both files hold the same records; else what differs, with an example or two."""
    in_a, in_b = digests(a), digests(b)
    if in_a == in_b:
        return None
    missing, added = in_a - in_b, in_b - in_a
    text = [f"{missing.total()} records are only in {a}, {added.total()} only in {b}"]
    for path, only in ((a, missing), (b, added)):
        for head, document in records(path):
            if hashlib.blake2b(f"{head}\t{document}".encode(), digest_size=16).digest() in only:
                text.append(f"only in {path}: {head}\t{document}")
                break
    return "\n".join(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = difference(*sys.argv[1:])
    if found:
        sys.exit(found)
    print("equal")
