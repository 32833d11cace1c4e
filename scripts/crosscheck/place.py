"""Known answers for crates/clear-place, from other people's implementations.

    python3 -m venv venv && venv/bin/pip install -r scripts/crosscheck/requirements.txt
    venv/bin/python scripts/crosscheck/place.py > crates/clear-place/tests/known/place.json

In:    nothing but a seed: the points are invented, and stand in the answer.
Out:   JSON with each input beside what esda, pointpats, KDEpy, pyproj and SciPy say of it.
Never: reads a record.

The tests of crates/clear-place/tests/known.rs compare. `--check FILE` makes everything again and compares with the file.
"""

import importlib.metadata
import json
import sys
import warnings

import numpy as np
import scipy.stats
from esda.getisord import G_Local
from KDEpy import NaiveKDE
from libpysal.weights import DistanceBand
from pointpats import Knox, centrography
from pyproj import Transformer

warnings.filterwarnings("ignore")

SEED = 20181119


def points():
    """Three towns' worth of clustered points within 6 km, and days within 90 of which some repeat nearby."""
    random = np.random.default_rng(SEED)
    centres = np.array([[1500.0, 1500.0], [4200.0, 2500.0], [2500.0, 4800.0]])
    spread = np.array([220.0, 350.0, 500.0])
    which = random.integers(0, 3, 260)
    clustered = centres[which] + random.normal(size=(260, 2)) * spread[which][:, None]
    anywhere = random.uniform(0, 6000, (140, 2))
    # On tenths of a metre, so that the file says exactly what was reckoned with.
    places = np.round(np.vstack([clustered, anywhere]), 1)
    days = random.integers(0, 90, len(places))
    days[1:60:2] = days[0:59:2] + random.integers(0, 4, 30)
    places[1:60:2] = np.round(places[0:59:2] + random.normal(size=(30, 2)) * 40.0, 1)
    return places, days


def grid(cell, side):
    """Middles of square cells, row by row from the south-west."""
    middles = np.arange(cell / 2, side, cell)
    return np.array([[x, y] for y in middles for x in middles])


def projection():
    to_feet = Transformer.from_crs("EPSG:4269", "EPSG:3435", always_xy=True)
    random = np.random.default_rng(SEED)
    at = np.round(np.column_stack([random.uniform(-88.4, -87.4, 25), random.uniform(37.0, 42.5, 25)]), 6)
    x, y = to_feet.transform(at[:, 0], at[:, 1])
    return [[float(v) for v in row] for row in np.column_stack([at, np.round(x, 5), np.round(y, 5)])]


def density(places):
    """Incidents per square kilometre. KDEpy's bandwidth of a kernel that ends is its standard deviation along an axis of
    one dimension: the quartic's is the radius over the root of 7."""
    at = grid(500.0, 6000.0)
    answers = {}
    for name, kernel, bandwidth in [("quartic", "biweight", 800.0), ("gaussian", "gaussian", 300.0)]:
        bw = bandwidth / np.sqrt(7) if name == "quartic" else bandwidth
        share = NaiveKDE(kernel=kernel, bw=bw, norm=2).fit(places).evaluate(at)
        answers[name] = {"bandwidth_m": bandwidth, "per_square_km": (share * len(places) * 1e6).tolist()}
    return {"cell_m": 500.0, "columns": 12, "rows": 12, "kernels": answers}


def hot_spots(places):
    cell, side, distance = 500.0, 6000.0, 800.0
    at = grid(cell, side)
    columns = int(side / cell)
    index = np.floor(places / cell).astype(int)
    inside = ((index >= 0) & (index < columns)).all(axis=1)
    counts = np.zeros(len(at))
    for x, y in index[inside]:
        counts[y * columns + x] += 1
    weights = DistanceBand(at, distance, binary=True, silence_warnings=True)
    local = G_Local(counts, weights, transform="B", star=True, permutations=0)
    p = 2 * scipy.stats.norm.sf(np.abs(local.Zs))
    rates = scipy.stats.false_discovery_control(p, method="bh")
    return {"cell_m": cell, "columns": columns, "distance_m": distance, "counts": counts.tolist(),
            "z": local.Zs.tolist(), "p": p.tolist(), "rate": rates.tolist()}


def near_repeat(places, days):
    """Cumulative counts, as pointpats has them: within so many metres and so many days."""
    answers = []
    for delta, tau in [(100.0, 3), (100.0, 7), (200.0, 3), (200.0, 14), (400.0, 7)]:
        found = Knox(places, days.astype(float).reshape(-1, 1), delta, tau, permutations=0)
        # Knox's own expectation, as the package's 2 × 2 table has it: near in both.
        expected = np.asarray(found.expected)[0][0]
        answers.append({"delta_m": delta, "tau_days": tau, "pairs": int(found.nst), "expected": float(expected)})
    return answers


def shapes(places):
    major, minor, theta = centrography.ellipse(places)
    # The radian angle of pointpats turns the axes counter-clockwise from east.
    return {"ellipse": {"major_m": float(major), "minor_m": float(minor), "theta": float(theta)},
            "hull": [[float(v) for v in row] for row in centrography.hull(places)]}


def nested_means(values, divisions):
    if divisions == 0 or len(values) == 0 or values.min() == values.max():
        return []
    mean = values.mean()
    return (nested_means(values[values < mean], divisions - 1) + [float(mean)]
            + nested_means(values[values >= mean], divisions - 1))


def answers():
    places, days = points()
    random = np.random.default_rng(SEED)
    values = np.round(random.lognormal(3, 1, 77), 3)
    z = [-9.0, -3.1, -1.0, -0.1, 0.0, 0.5, 1.96, 2.4, 3.0, 3.5, 3.6, 5.0, 8.0, 12.0, 30.0]
    packages = ["esda", "pointpats", "KDEpy", "pyproj", "scipy", "numpy", "libpysal"]
    return {
        "made_with": {name: importlib.metadata.version(name) for name in packages},
        "points": [[float(x), float(y), int(day)] for (x, y), day in zip(places, days)],
        "projection": projection(),
        "density": density(places),
        "hot_spots": hot_spots(places),
        "near_repeat": near_repeat(places, days),
        "shapes": shapes(places),
        "normal_above": [[value, float(scipy.stats.norm.sf(value))] for value in z],
        "nested_means": {"values": values.tolist(), "divisions": 3, "limits": nested_means(values, 3)},
    }


def same(one, other):
    """The same up to the last digits, which differ by machine."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one if key != "made_with")
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, (int, float)) and abs(one - other) <= 1e-9 * max(1.0, abs(one)))


if __name__ == "__main__":
    found = answers()
    if sys.argv[1:2] == ["--check"]:
        if not same(json.load(open(sys.argv[2])), found):
            sys.exit(f"{sys.argv[2]} is not what these packages say")
        print(f"{sys.argv[2]}: as these packages say")
    else:
        json.dump(found, sys.stdout, indent=None, separators=(",", ":"))
        print()
