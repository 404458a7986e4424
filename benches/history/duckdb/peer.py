"""DuckDB as the peer of the bench `history`: python peer.py THREADS, then one JSON request a line on standard input.

{"do": SQL} runs a statement. {"run": SQL} measures a query until its rows stand in an Arrow table, and answers how long that
took and, for each column but customer_id, the sum of its values, each times a weight that its customer's id gives: two
engines that agree on it agree on the rows. Values of customers are compared as the matrix holds them: what is nothing, or not finite, is 0.
"""
import json, resource, sys, time
import duckdb

db = duckdb.connect(config={"threads": int(sys.argv[1])})
db.execute("SET TimeZone = 'UTC'")


def run(sql):
    start, cpu = time.perf_counter(), time.process_time()
    rows = db.sql(sql).to_arrow_table()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    names = [name for name in rows.column_names if name != "customer_id"]
    weighted = ", ".join(f'sum(CASE WHEN isfinite("{n}"::DOUBLE) THEN "{n}"::DOUBLE * (customer_id % 1009) ELSE 0 END) AS "{n}"' for n in names)
    sums = dict(zip(names, db.sql(f"SELECT {weighted} FROM rows").fetchall()[0]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return dict(seconds=seconds, cpu=cpu, rows=rows.num_rows, sums=sums, peak_mib=peak, version=duckdb.__version__)


for line in sys.stdin:
    request = json.loads(line)
    answer = run(request["run"]) if "run" in request else (db.execute(request["do"]) and {})
    print(json.dumps(answer), flush=True)
