#!/usr/bin/env python3
"""The API on both databases, beside bare statements, in one run.

    make bench-api

On PostgreSQL (a cluster of its own, durable, with its usual settings) and on SQLite the same:
1,000,000 numbers are uploaded through orders of 1,000 with every check, and the rows that they
left are written by bare statements in transactions of 1,000; among 10,000,000 numbers one is
looked up and pages of 100 are read, filtered and sorted; changes are written while an edge
follows the feed; and, on PostgreSQL, 100,000 numbers are assigned from one CSV file beside a bare
script that writes the same rows. The last line holds the figures (medians of the rounds); the exit code is 1 if
a bound is missed. docs/performance.md says how each figure is taken.
"""
import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOUNDS = {
    "pg_upload_ratio": 3.0,
    "pg_lookup_added_ms": 0.5,
    "pg_page_p99_ms": 10.0,
    "pg_feed_p99_ms": 250.0,
    "pg_assign_ratio": 3.0,
    "lite_lookup_added_ms": 0.5,
    "lite_page_p99_ms": 10.0,
    "lite_feed_p99_ms": 250.0,
}
FIGURES = ["upload_ratio", "lookup_added_ms", "page_p99_ms", "feed_p99_ms", "assign_ratio"]
# More memory than the packaged default of 128 MB, as any server with ten million rows has.
SETTINGS = """
listen_addresses = ''
max_connections = 100
shared_buffers = '1GB'
max_wal_size = '8GB'
checkpoint_timeout = '30min'
"""


def say(text):
    print(text, flush=True)


class Cluster:
    """PostgreSQL that only this run talks to, on a Unix socket."""

    def __init__(self, folder):
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                          key=lambda path: int(path.parts[4]))
        initdb = versions[-1] if versions else Path(shutil.which("initdb") or "initdb")
        self.bin, self.folder, self.user = initdb.parent, folder, None
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            # initdb refuses root.
            self.user = next(u for u in ("postgres", "nobody") if known(u))
            shutil.chown(folder, self.user)
            folder.chmod(0o755)
        self.run("initdb", "-U", "meetpoint", "--auth=trust", "-E", "UTF8", "--locale=C",
                 "-D", folder / "data")
        with open(folder / "settings", "w") as file:
            file.write(SETTINGS)
        self.run("sh", "-c", f"cat {folder}/settings >>{folder}/data/postgresql.conf", own=True)
        self.run("pg_ctl", "start", "-w", "-D", folder / "data", "-l", folder / "log",
                 "-o", f"-k {folder}")

    def run(self, program, *arguments, own=False):
        command = [program if own else str(self.bin / program), *map(str, arguments)]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def database(self, name):
        self.run("createdb", "-h", self.folder, "-U", "meetpoint", "-T", "template0", name)
        return f"postgres://meetpoint@localhost/{name}?host={self.folder}"

    def stop(self):
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.folder / "data")


def known(user):
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def gauge(program, ours, bare, arguments):
    command = [program, "run", "--database-url", ours, "--bare-url", bare,
               "--upload", arguments.upload, "--numbers", arguments.numbers,
               "--concurrency", arguments.concurrency, "--rounds", arguments.rounds,
               "--seconds", arguments.seconds, "--assign", arguments.assign, "--changes", arguments.changes,
               "--feed-seconds", arguments.feed_seconds]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: gauge: exit {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


# Enough for every step to be taken: more than one order, more than one page.
TRIAL = {"upload": 3000, "numbers": 5000, "assign": 2000, "rounds": 1, "seconds": 0.2,
         "changes": 20, "feed_seconds": 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder of gauge")
    parser.add_argument("--only", choices=["pg", "lite"], help="one database alone")
    parser.add_argument("--upload", type=int, default=1_000_000)
    parser.add_argument("--numbers", type=int, default=10_000_000)
    parser.add_argument("--assign", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--feed-seconds", type=int, default=15)
    parser.add_argument("--trial", action="store_true",
                        help="does the bench itself work? Small, and its figures count for nothing")
    arguments = parser.parse_args()
    if arguments.trial:
        for name, value in TRIAL.items():
            setattr(arguments, name, value)
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="bench-api-"))
    work.chmod(0o755)
    figures, cluster = {}, None
    try:
        if arguments.only != "lite":
            say("PostgreSQL")
            cluster = Cluster(work / "pg")
            figures["pg"] = gauge(arguments.bin / "gauge", cluster.database("ours"),
                                  cluster.database("bare"), arguments)
            cluster.stop()
            cluster = None
            shutil.rmtree(work / "pg")
        if arguments.only != "pg":
            say("SQLite")
            figures["lite"] = gauge(arguments.bin / "gauge", f"sqlite://{work}/ours.db",
                                    f"sqlite://{work}/bare.db", arguments)
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(work, ignore_errors=True)
    for name, of in figures.items():
        say(f"{name}: " + " ".join(f"{key}={value:.3f}" for key, value in of.items()))
    said = {f"{name}_{key}": of[key] for name, of in figures.items() for key in FIGURES
            if key in of}
    wrong = [f"{key} is {said[key]:.3f}, bound {bound:g}" for key, bound in BOUNDS.items()
             if key in said and not said[key] <= bound]
    wrong += [f"{name}: {of['feed_changes_per_s']:.0f} changes/s were written, "
              f"{arguments.changes} wanted" for name, of in figures.items()
              if of["feed_changes_per_s"] < 0.95 * arguments.changes]
    for line in wrong:
        say(f"bench: {line}")
    say(f"bench: {time.monotonic() - began:.0f} s without the build")
    say(" ".join(f"{key}={value:.3f}" for key, value in said.items()))
    return 1 if wrong and not arguments.trial else 0


if __name__ == "__main__":
    sys.exit(main())
