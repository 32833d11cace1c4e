"""Reads what `openclear link` wrote: rows with the same cluster are one person."""

import csv
import sys
from collections import defaultdict


def main(path: str) -> None:
    persons: dict[str, list[str]] = defaultdict(list)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            persons[row["cluster"]].append(row["id"])
    rows = sum(len(ids) for ids in persons.values())
    print(f"{rows} rows are {len(persons)} persons.")
    for ids in sorted(persons.values(), key=len, reverse=True)[:5]:
        print(f"{len(ids):>4}  {', '.join(ids[:8])}{' …' if len(ids) > 8 else ''}")


if __name__ == "__main__":
    main(sys.argv[1])
