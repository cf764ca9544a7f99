"""Prints the root of a log's first N entries, taken from the entries alone by aics-tlog's own tree."""

import base64
import sys
from pathlib import Path

from aics_tlog.tiles import entry_bundle_path, parse_entry_bundle
from aics_tlog.tree import MerkleTree

WIDTH = 256

log, wanted = Path(sys.argv[1]), int(sys.argv[2])
size = int((log / "checkpoint").read_text().splitlines()[1])
entries = []
for index in range((size + WIDTH - 1) // WIDTH):
    width = min(WIDTH, size - index * WIDTH)
    path = entry_bundle_path(index, None if width == WIDTH else width)
    entries += parse_entry_bundle((log / path).read_bytes())
print(base64.b64encode(MerkleTree(entries[:wanted]).root()).decode())
