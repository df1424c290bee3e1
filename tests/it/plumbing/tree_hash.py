"""Computes the tree hash from the JSON lines of a manifest on standard input, by emu-format(5).

Usage: zstdcat SINK/.emu/manifests/ID | python3 tree_hash.py
"""

import base64
import hashlib
import json
import sys


def field(record, name):
    """The bytes of a field that stands as text or as base64; None if neither is there."""
    if name in record:
        return record[name].encode()
    if name + "_b64" in record:
        return base64.b64decode(record[name + "_b64"])
    return None


def sha256(data):
    return hashlib.sha256(data).hexdigest()


children = {}  # path of a directory -> [(name, path, record)]
groups = hashlib.sha256()
root = None
for line in sys.stdin.buffer:
    record = json.loads(line)
    if record["type"] != "entry":
        continue
    path = field(record, "path")
    if path == b"":
        root = record
        continue
    parent, _, name = path.rpartition(b"/")
    children.setdefault(parent, []).append((name, path, record))
    first = field(record, "links")
    if first is not None:
        groups.update(path + b"\0" + first + b"\0")


def value(path, record):
    kind = record["kind"]
    if kind == "file":
        return record["sha256"]
    if kind == "dir":
        return directory(path)
    if kind == "symlink":
        return sha256(field(record, "target"))
    return record.get("rdev", "-")


def directory(path):
    text = b""
    for name, whole, record in sorted(children.get(path, []), key=lambda child: child[0]):
        head = "%s %s %s" % (record["kind"], record["mode"], value(whole, record))
        text += head.encode() + b"\0" + name + b"\0"
    return sha256(text)


sys.setrecursionlimit(100000)
parts = [b"emu-tree-1", root["mode"].encode(), directory(b"").encode(), groups.hexdigest().encode()]
print(sha256(b"\0".join(parts)))
