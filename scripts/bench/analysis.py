"""The seven questions of analysis over the same rows, by DuckDB on its native table and on a Parquet file, and by PostgreSQL.

    python3 scripts/bench/analysis.py OUT [postgresql://...]

OUT/crimes.parquet is written by `cargo run --profile demo -p clear-stats --example analysis -- ROWS DIR OUT`. DuckDB comes from
PyPI (`pip install duckdb`), PostgreSQL's driver too (`pip install psycopg[binary]`). Prints wall and CPU milliseconds, the best of five.
"""

import os
import resource
import sys
import time

import duckdb

BOX = "latitude between 41.86 and 41.92 and longitude between -87.7 and -87.62"
QUESTIONS = [
    ("1 type, year", "select primary_type, year, count(*) from crimes group by primary_type, year"),
    ("2 box, dates, by day", f"select date_trunc('day', date), count(*) from crimes where {BOX} and date >= timestamp '2016-01-01' "
     "and date < timestamp '2017-01-01' group by 1 order by 1"),
    ("3 box, by month", f"select date_trunc('month', date), count(*) from crimes where {BOX} group by 1 order by 1"),
    ("4 newest 100", "select * from crimes where primary_type = 'HOMICIDE' order by date desc limit 100"),
    ("5 distinct cases", "select count(distinct case_number) from crimes"),
    ("6 district, blocks", "select district, count(distinct block) from crimes group by district order by district"),
    ("7 text match", "select count(*) from crimes where description like '%GUN%' or location_description like '%SCHOOL%'"),
]


def cpu():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (own.ru_utime + own.ru_stime) * 1e3


def measured(run):
    best = (float("inf"), 0.0, 0)
    for _ in range(5):
        began, was = time.perf_counter(), cpu()
        rows = run()
        took = (time.perf_counter() - began) * 1e3
        if took < best[0]:
            best = (took, cpu() - was, rows)
    return best


def table(title, run):
    print(f"\n{title}\n\n| question | wall ms | CPU ms | rows |\n|---|---|---|---|")
    for name, sql in QUESTIONS:
        wall, own, rows = measured(lambda: run(sql))
        print(f"| {name} | {wall:.1f} | {own:.1f} | {rows} |", flush=True)


def main():
    folder = sys.argv[1]
    file = os.path.join(folder, "crimes.parquet")
    database = duckdb.connect(os.path.join(folder, "crimes.duckdb"))
    database.execute("set threads = 2")
    database.execute("create or replace table crimes as select * exclude (location) from read_parquet(?) order by date", [file])
    table(f"DuckDB {duckdb.__version__}, native table", lambda sql: len(database.execute(sql).fetchall()))
    database.execute("drop table crimes")
    database.execute(f"create view crimes as select * exclude (location) from read_parquet('{file}')")
    table(f"DuckDB {duckdb.__version__}, one Parquet file", lambda sql: len(database.execute(sql).fetchall()))
    if len(sys.argv) > 2:
        postgres(sys.argv[2], database)


def postgres(address, database):
    import psycopg

    columns = [row[0] for row in database.execute("describe crimes").fetchall()]
    kinds = {"VARCHAR": "text", "DOUBLE": "double precision", "BOOLEAN": "boolean", "TIMESTAMP": "timestamp"}
    types = [kinds[row[1]] for row in database.execute("describe crimes").fetchall()]
    with psycopg.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists crimes")
        cursor.execute("create table crimes (" + ", ".join(f'"{name}" {kind}' for name, kind in zip(columns, types)) + ")")
        rows = database.execute("select * from crimes")
        with cursor.copy("copy crimes from stdin") as copy:
            while batch := rows.fetchmany(10_000):
                for row in batch:
                    copy.write_row(row)
        for columns in ["date", "primary_type, year", "latitude, longitude", "primary_type, date desc", "case_number", "district, block", "description"]:
            cursor.execute(f"create index on crimes ({columns})")
        cursor.execute("vacuum analyze crimes")
        table("PostgreSQL, seven indexes (CPU of the client only)", lambda sql: len(cursor.execute(sql).fetchall()))


if __name__ == "__main__":
    main()
