# %% [markdown]
# # The public crimes set, with pandas
#
# Reads the open-data API of an OpenCLEAR server into tables, and draws a map and a chart of them. No account is needed, and
# nothing but the server is asked. The last part reads incidents that are not public, for those who have a token.
#
# `OPENCLEAR_URL` says which server: `http://localhost:8080` unless set. Pictures and figures go into the folder `OUT`.

# %%
import io
import json
import os
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import matplotlib.pyplot as plt
import pandas as pd

URL = os.environ.get("OPENCLEAR_URL", "http://localhost:8080").rstrip("/")
OUT = Path(os.environ.get("OUT", "."))
SET = f"{URL}/resource/ijzp-q8t2.csv"
# Codes are texts: `0411` is a beat, and 411 is none.
CODES = {name: str for name in ["id", "case_number", "beat", "district", "iucr", "fbi_code", "community_area", "ward"]}


def ask(**question):
    """A question of the API, by its parameters without the `$`, as a table."""
    query = urlencode({f"${name}": value for name, value in question.items()})
    return pd.read_csv(f"{SET}?{query}", dtype=CODES, parse_dates=[])


# %% [markdown]
# ## Counts
#
# The server counts; what comes over the wire is the table itself.

# %%
by_type = ask(select="primary_type, count(*) as incidents", group="primary_type", order="incidents DESC, primary_type")
by_type.head(10)

# %%
by_day = ask(select="date_trunc_ymd(date) as day, count(*) as incidents", group="day", order="day")
by_day["day"] = pd.to_datetime(by_day["day"])
by_day.set_index("day")["incidents"].describe()

# %% [markdown]
# ## Rows
#
# Without `$limit` a thousand rows come; with one, as many as there are. An incident stands where its block is, never at an
# address, so that many share a point.

# %%
rows = ask(select="id, date, primary_type, block, beat, arrest, latitude, longitude", limit=1_000_000)
rows["date"] = pd.to_datetime(rows["date"])
placed = rows.dropna(subset=["latitude", "longitude"])
blocks = placed.groupby(["latitude", "longitude"], as_index=False).size()
f"{len(rows)} incidents, {len(placed)} of them on the map, on {len(blocks)} blocks"

# %% [markdown]
# ## A map, and the days beside it
#
# A degree of longitude is shorter than one of latitude by the cosine of the latitude; without that the city would be too wide.

# %%
figure, (plan, days) = plt.subplots(1, 2, figsize=(11, 6), layout="constrained")
plan.scatter(blocks["longitude"], blocks["latitude"], s=12 * blocks["size"], color="#1c3d6e", alpha=0.5, linewidths=0)
plan.set_aspect(1 / 0.744)  # cos 41.9°
plan.set(title="Incidents by block", xlabel="longitude", ylabel="latitude")
days.bar(by_day["day"], by_day["incidents"], color="#55606d")
days.set(title="Incidents by day")
days.tick_params(axis="x", rotation=45)
figure.text(0.01, 0.005, "Reports are preliminary; the last seven days are left out.", fontsize=8)
figure.savefig(OUT / "crimes.png", dpi=110)

# %% [markdown]
# ## With a token: rows that are not public
#
# Whoever has an account says why: purpose, use, case and reason stand in the log with every record that is shown. Set
# `OPENCLEAR_TOKEN` and `OPENCLEAR_INQUIRY` (the inquiry as JSON); without them this part is left out.


# %%
def export(question):
    """Incidents that the asker may see, as a table: the same question as `POST /api/v1/rows`."""
    body = json.dumps({"inquiry": json.loads(os.environ["OPENCLEAR_INQUIRY"]), "question": question}).encode()
    headers = {"Authorization": f"Bearer {os.environ['OPENCLEAR_TOKEN']}", "Content-Type": "application/json"}
    with urlopen(Request(f"{URL}/api/v1/rows?format=csv", body, headers)) as answer:
        return pd.read_csv(io.BytesIO(answer.read()), dtype=CODES)


own = export({"from": str(rows["date"].min().date())}) if "OPENCLEAR_TOKEN" in os.environ else None
f"{len(own)} incidents under the own inquiry" if own is not None else "no token"

# %% [markdown]
# ## What was read, for whoever checks it

# %%
figures = {
    "incidents": len(rows),
    "placed": len(placed),
    "blocks": len(blocks),
    "by_type": dict(zip(by_type["primary_type"], by_type["incidents"].tolist())),
    "days": len(by_day),
    "own": None if own is None else len(own),
}
assert sum(figures["by_type"].values()) == int(by_day["incidents"].sum()) == figures["incidents"]
(OUT / "figures.json").write_text(json.dumps(figures))
figures
