"""Reads the public crimes set with sodapy, as programs read the city's portal: only the host's name is another.

Usage: read.py HOST[:PORT] [http|https]

Needs sodapy (pip install sodapy==2.2.0). Prints what it read, a line for each thing, as JSON.
"""

import json
import sys

import requests
from sodapy import Socrata

HOST = sys.argv[1]
SCHEME = sys.argv[2] if len(sys.argv) > 2 else "https"
SET = "ijzp-q8t2"


def say(what, value):
    print(json.dumps({"what": what, "value": value}, sort_keys=True))


# sodapy speaks HTTPS; an adapter of its session makes it speak plain HTTP to a server on one's own machine.
adapter = {"prefix": f"{SCHEME}://", "adapter": requests.adapters.HTTPAdapter()}

with Socrata(HOST, None, session_adapter=adapter) as client:
    say("sets", sorted(found["resource"]["id"] for found in client.datasets()))
    view = client.get_metadata(SET)
    say("columns", [column["fieldName"] for column in view["columns"]])
    say("newest", client.get(SET, order="date DESC", limit=3))
    say("thefts", client.get(SET, primary_type="THEFT", select="count(*)"))
    say("by_type", client.get(SET, select="primary_type, count(*) as n", group="primary_type", order="n DESC, primary_type"))
    say("box", client.get(SET, select="count(*)", where="within_box(location, 42.1, -88.0, 41.6, -87.5)"))
    say("words", len(client.get(SET, q="theft", limit=5)))
    say("query", client.get(SET, query="SELECT beat WHERE arrest = true GROUP BY beat ORDER BY beat LIMIT 2"))
    say("system", sorted(client.get(SET, limit=1, exclude_system_fields=False)[0])[:3])
    table = client.get(SET, content_type="csv", limit=2)
    say("csv", [table[0][:3], len(table) - 1])
    say("geojson", client.get(SET, content_type="geojson", limit=2)["type"])
    # Every page of it: no row comes twice and none is missing.
    rows = [row["id"] for row in client.get_all(SET, limit=40, select="id")]
    say("all", [len(rows), len(set(rows))])
    try:
        client.get(SET, where="no_such_column = 1")
    except requests.exceptions.HTTPError as error:
        say("wrong", str(error))
    try:
        client.upsert(SET, [{"id": "1"}])
    except requests.exceptions.HTTPError as error:
        say("write", error.response.status_code)
