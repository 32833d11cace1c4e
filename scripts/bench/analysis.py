"""The seven questions of analysis over the same rows: a server's open-data API, DuckDB on its native table and on a Parquet file, PostgreSQL.

    python3 scripts/bench/analysis.py URL PROCESS FOLDER [postgresql://...]

`openclear bench analysis --peers scripts/bench/analysis.py` runs it: URL and PROCESS are that server's, whose rows all others get, as its own
API gives them out. DuckDB and PostgreSQL's driver come from PyPI (`pip install duckdb psycopg[binary]`). Prints one table: milliseconds of
the wall (the median of up to 20 runs) and of the processor (the mean), PostgreSQL's of the wall alone. Ends with an error where two do not
answer alike.
"""

import http.client
import json
import math
import os
import resource
import statistics
import sys
import time
import urllib.parse

import duckdb

BOX = "latitude between 41.86 and 41.92 and longitude between -87.7 and -87.62"
YEAR = "date >= '2016-01-01T00:00:00' and date < '2017-01-01T00:00:00'"
TEXT = "description like '%GUN%' or location_description like '%SCHOOL%'"
# Name, SoQL, SQL.
QUESTIONS = [
    ("1 count by type and year", "select primary_type, year, count(*) group by primary_type, year limit 100000",
     "select primary_type, year, count(*) from crimes group by primary_type, year"),
    ("2 box and dates, by day", f"select date_trunc_ymd(date) as day, count(*) where {BOX} and {YEAR} group by day order by day limit 100000",
     f"select date_trunc('day', date), count(*) from crimes where {BOX} and {YEAR} group by 1 order by 1"),
    ("3 box, by month", f"select date_trunc_ym(date) as month, count(*) where {BOX} group by month order by month limit 100000",
     f"select date_trunc('month', date), count(*) from crimes where {BOX} group by 1 order by 1"),
    ("4 newest 100 of a type", "select * where primary_type = 'HOMICIDE' order by date desc limit 100",
     "select * from crimes where primary_type = 'HOMICIDE' order by date desc limit 100"),
    ("5 different cases", "select count(distinct case_number)", "select count(distinct case_number) from crimes"),
    ("6 different blocks by district", "select district, count(distinct block) group by district order by district limit 100000",
     "select district, count(distinct block) from crimes group by district order by district nulls last"),
    ("7 text match", f"select count(*) where {TEXT}", f"select count(*) from crimes where {TEXT}"),
]


class Server:
    """The server, over one connection that is kept."""

    def __init__(self, url, process):
        self.to = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=600)
        self.process = process

    def get(self, path):
        try:
            self.to.request("GET", path)
            answer = self.to.getresponse()
        except http.client.RemoteDisconnected:
            # It was kept while others took their rows in.
            self.to.close()
            self.to.request("GET", path)
            answer = self.to.getresponse()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {answer.read()[:500]}")
        return answer

    def ask(self, soql):
        return json.loads(self.get("/resource/crimes.json?" + urllib.parse.urlencode({"$query": soql})).read())

    def cpu(self):
        """Milliseconds of the server's processor time, in steps of ten (proc(5))."""
        with open(f"/proc/{self.process}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 10.0


def own_cpu():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (own.ru_utime + own.ru_stime) * 1e3


def measured(run, cpu):
    """Runs it up to 20 times, or for ten seconds: wall, processor, answer."""
    answer, walls, since, was = run(), [], time.perf_counter(), cpu()
    while len(walls) < 20 and (len(walls) < 3 or time.perf_counter() - since < 10):
        began = time.perf_counter()
        run()
        walls.append((time.perf_counter() - began) * 1e3)
    return statistics.median(walls), (cpu() - was) / len(walls), answer


def counts(rows):
    """What an answer comes to, whoever gave it: its number of rows, and the sum of its counts or, of whole rows, their dates in order."""
    values = [list(row.values()) if isinstance(row, dict) else row for row in rows]
    if values and len(values[0]) > 3:
        # The first time of a row is its date. Which of equal dates come is not said.
        times = [[str(value)[:19].replace(" ", "T") for value in row if str(value)[4:5] + str(value)[7:8] == "--"] for row in values]
        return len(rows), [time[0] for time in times]
    numbers = [int(row[-1]) for row in values if str(row[-1]).lstrip("-").isdigit()]
    return len(rows), sum(numbers)


def rows_of(server, folder):
    """All rows of the set as a CSV file, as the server streams them without a limit."""
    file = os.path.join(folder, "crimes.csv")
    began, was, size = time.perf_counter(), server.cpu(), 0
    answer = server.get("/resource/crimes.csv?$limit=1000000000")
    with open(file, "wb") as out:
        while part := answer.read(1 << 20):
            size += out.write(part)
    print(f"all rows as CSV: {size / 1e6:.0f} MB in {time.perf_counter() - began:.1f} s, {(server.cpu() - was) / 1e3:.1f} s of the server's processor time\n")
    return file


def table_of(columns):
    kinds = {"VARCHAR": "text", "DOUBLE": "double precision", "BOOLEAN": "boolean", "TIMESTAMP": "timestamp", "BIGINT": "bigint"}
    return ", ".join(f'"{name}" {kinds[kind]}' for name, kind in columns)


def postgres(address, database, folder):
    import psycopg

    connection = psycopg.connect(address, autocommit=True)
    cursor = connection.cursor()
    columns = [row[:2] for row in database.execute("describe crimes").fetchall()]
    cursor.execute(f"create table crimes ({table_of(columns)})")
    plain = os.path.join(folder, "plain.csv")
    database.execute(f"copy crimes to '{plain}' (header false)")
    with open(plain, "rb") as rows, cursor.copy("copy crimes from stdin (format csv)") as copy:
        while part := rows.read(1 << 20):
            copy.write(part)
    os.remove(plain)
    for index in ["date", "primary_type, year", "latitude, longitude", "primary_type, date desc", "case_number", "district, block", "description"]:
        cursor.execute(f"create index on crimes ({index})")
    cursor.execute("vacuum analyze crimes")
    return lambda sql: cursor.execute(sql).fetchall()


def main():
    url, process, folder = sys.argv[1:4]
    server = Server(url, process)
    file = rows_of(server, folder)
    for name in ["crimes.duckdb", "crimes.parquet"]:
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    native = duckdb.connect(os.path.join(folder, "crimes.duckdb"))
    native.execute("set threads = 2")
    types = {"case_number": "VARCHAR", "date": "TIMESTAMP", "updated_on": "TIMESTAMP", "iucr": "VARCHAR", "beat": "VARCHAR", "district": "VARCHAR",
             "community_area": "VARCHAR", "fbi_code": "VARCHAR", "ward": "DOUBLE", "latitude": "DOUBLE", "longitude": "DOUBLE", "year": "BIGINT"}
    native.execute(f"create table crimes as select * exclude (location) from read_csv('{file}', header = true, types = {types}) order by date")
    parquet = os.path.join(folder, "crimes.parquet")
    native.execute(f"copy crimes to '{parquet}' (format parquet, compression zstd, row_group_size 131072)")
    rows = native.execute("select count(*) from crimes").fetchone()[0]
    files = duckdb.connect()
    files.execute("set threads = 2")
    files.execute(f"create view crimes as select * from read_parquet('{parquet}')")
    other = postgres(sys.argv[4], native, folder) if len(sys.argv) > 4 else None
    print(f"{rows} rows; DuckDB {duckdb.__version__}\n")
    print("| question | ours, HTTP: wall ms | CPU ms | DuckDB native: wall ms | CPU ms | DuckDB Parquet: wall ms | CPU ms | PostgreSQL: wall ms | CPU: ours ÷ native |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios, unlike = [], []
    for name, soql, sql in QUESTIONS:
        ours = measured(lambda: server.ask(soql), server.cpu)
        table = measured(lambda: native.execute(sql).fetchall(), own_cpu)
        plain = measured(lambda: files.execute(sql).fetchall(), own_cpu)
        third = measured(lambda: other(sql), own_cpu) if other else (float("nan"), 0, table[2])
        ratios.append(max(ours[1], 0.5) / table[1])
        for answer in [table[2], plain[2], third[2]]:
            if counts(ours[2]) != counts(answer):
                unlike.append(f"{name}: {counts(ours[2])} and {counts(answer)}")
        print(f"| {name} | {ours[0]:.1f} | {ours[1]:.1f} | {table[0]:.1f} | {table[1]:.1f} | {plain[0]:.1f} | {plain[1]:.1f} | {third[0]:.1f} | {ratios[-1]:.2f} |", flush=True)
    print(f"\ngeometric mean {math.exp(statistics.fmean(map(math.log, ratios))):.3f}, most {max(ratios):.2f}")
    if unlike:
        sys.exit("they do not answer alike: " + "; ".join(unlike))


if __name__ == "__main__":
    main()
