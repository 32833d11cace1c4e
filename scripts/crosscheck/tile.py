"""Decodes vector tiles with Mapbox's own library for Python, and says what is in them.

    cargo run -p clear-place --example tile > tile.mvt
    venv/bin/python scripts/crosscheck/tile.py tile.mvt

In:    a tile that crates/clear-place wrote, of which the example says what is in it.
Out:   nothing but a line, or what differs.
Never: reads a record.
"""

import json
import sys

import mapbox_vector_tile

expected = {
    "beats": [("Polygon", {"code": "0411", "name": "0411"}), ("MultiPolygon", {"code": "0412", "name": "of two parts"})],
    "incidents": [("Point", {"count": 1, "type": "THEFT"}), ("Point", {"count": 12, "z": 2.5})],
}

layers = mapbox_vector_tile.decode(open(sys.argv[1], "rb").read())
found = {
    name: [(feature["geometry"]["type"], feature["properties"]) for feature in layer["features"]]
    for name, layer in layers.items()
}
if found != expected:
    sys.exit(f"expected {json.dumps(expected)}\nfound {json.dumps(found)}")
for layer in layers.values():
    assert layer["extent"] == 4096 and layer["version"] == 2, layer
print(f"{sys.argv[1]}: {sum(map(len, found.values()))} features, as expected")
