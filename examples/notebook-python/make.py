"""Makes crimes.ipynb of crimes.py, so that people read and change one text; or says with --check that it is not made of it.

Usage: make.py [--check]
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
MARK = "# %%"


def cells(text):
    """The cells of a script: each begins with a line `# %%`, or `# %% [markdown]` and then comments."""
    for part in text.split(f"\n{MARK}"):
        head, _, body = part.removeprefix(MARK).partition("\n")
        lines = body.strip("\n").split("\n")
        if head.strip() == "[markdown]":
            yield "markdown", [line.removeprefix("#").removeprefix(" ") for line in lines]
        else:
            yield "code", lines


def notebook(text):
    made = []
    for number, (kind, lines) in enumerate(cells(text), 1):
        source = [line + "\n" for line in lines[:-1]] + lines[-1:]
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


made = notebook((HERE / "crimes.py").read_text())
path = HERE / "crimes.ipynb"
if sys.argv[1:] == ["--check"]:
    if path.read_text() != made:
        sys.exit("crimes.ipynb is not made of crimes.py: run make.py")
else:
    path.write_text(made)
