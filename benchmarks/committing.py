"""What PostgreSQL's lock for NOTIFY allows: `python -m benchmarks.committing`.

A transaction that notifies holds one lock of the whole server from before its commit until it is on disk, so
such commits come one after another, whereas others share a write to the disk. pgbench commits single rows,
by so many connections at once, with and without a notification such as a job's events have.
"""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.table import Row, print_table
from local.servers import EmbeddedPostgres, postgres_binary

WRITERS = (1, 4, 16)
_TABLE = "CREATE TABLE written (id uuid PRIMARY KEY)"
_INSERT = "INSERT INTO written VALUES (gen_random_uuid())"
_SCRIPTS = {
    "without NOTIFY": f"{_INSERT};",
    "with NOTIFY": f"WITH one AS ({_INSERT} RETURNING id) SELECT pg_notify('told', id || '') FROM one;",
}


def _pgbench(directory: Path, url: str, script: str, *options: str) -> str:
    """Run the script by pgbench; return what it prints."""
    file = directory / "script.sql"
    file.write_text(script)
    command = (postgres_binary("pgbench"), "--no-vacuum", "--file", str(file), *options, url)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure(how_long: str = "--time=5") -> list[Row]:
    """Return a row for each number of writers. `how_long`: an option of pgbench."""
    rows = []
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        _pgbench(Path(folder), postgres.url, f"{_TABLE};", "--transactions=1")
        _pgbench(Path(folder), postgres.url, f"{_INSERT};", "--transactions=500")  # the server warms up
        for writers in WRITERS:
            found = {}
            for name, script in _SCRIPTS.items():
                options = (f"--client={writers}", how_long, "--protocol=prepared")
                printed = _pgbench(Path(folder), postgres.url, script, *options)
                [found[name]] = map(float, re.findall(r"^tps = ([\d.]+)", printed, re.MULTILINE))
            rows.append(
                Row(
                    f"commits of {writers} connections at once",
                    f"{found['with NOTIFY']:.0f} a second with NOTIFY",
                    f"{found['without NOTIFY']:.0f} a second without",
                )
            )
    return rows


if __name__ == "__main__":
    print_table(measure())
