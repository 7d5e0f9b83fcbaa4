#!/usr/bin/env python3
"""Import and verdict of a large tenant, beside DuckDB, in one run.

    make bench-migrate

Writes the exports of a made-up tenant (100,000 users, 150,000 numbers, 5,000
queues, 2,000 sites, 1,000,000 call records, with planted faults), lets
Meetpoint import and judge them and DuckDB do the joins and aggregates, by
turns. The last line holds the medians of the rounds and the largest memory;
the exit code is 1 if a bound is missed or the verdict lacks a planted fault.
docs/performance.md says how each figure is taken.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOUNDS = {"import_assess_s": 10.0, "import_assess_ratio": 2.0, "rss_mb": 1024.0}
# Rows of the made-up tenant: what the bench says it is about must be there.
LEAST = {"users": 100_000, "number": 150_000, "queue": 5_000, "site": 2_000}
CALLS = 1_000_000


def say(text):
    print(text, flush=True)


def timed(command, out):
    """Runs a command: seconds of wall time, peak of resident memory in MB, whether it went well."""
    with open(out, "wb") as file, open(f"{out}.log", "wb") as log:
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=file, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        tail = Path(f"{out}.log").read_text(errors="replace")[-2000:]
        told = Path(out).read_text(errors="replace")[-2000:]
        sys.exit(f"{' '.join(map(str, command))}: exit {child.returncode}\n{told}\n{tail}")
    return seconds, usage.ru_maxrss / 1024


def python_with_duckdb(work):
    """An interpreter that has the pinned DuckDB, in an environment of its own."""
    python = work / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(work / "venv")], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
    return python


def warm(folder):
    """All exports through the page cache: neither side pays for the disk's first read."""
    total = 0
    for path in folder.iterdir():
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                total += len(piece)
    return total


def missing(planted, assessment):
    """Planted faults that the verdict does not have."""
    found = {(f["severity"], f["code"], f["subject"]) for f in assessment["findings"]}
    return sorted(set(planted) - found)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bin", type=Path, required=True, help="folder of meetpoint and figment")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--small", action="store_true", help="a small tenant: tries the bench itself")
    arguments = arguments.parse_args()
    work = arguments.bin.resolve().parent / "bench-migrate"
    work.mkdir(parents=True, exist_ok=True)
    python = python_with_duckdb(work)

    exports, project = work / "exports", work / "project"
    shutil.rmtree(exports, ignore_errors=True)
    make = [str(arguments.bin / "figment"), str(exports)]
    made = subprocess.run(make if arguments.small else [*make, "--bench"], check=True,
                          capture_output=True, text=True)
    planted = [tuple(line.split(" ", 2)) for line in made.stdout.splitlines()]
    say(f"exports: {warm(exports) / 1e6:.0f} MB, {len(planted)} planted faults")

    meetpoint = str(arguments.bin / "meetpoint")
    rounds = []
    for number in range(1, arguments.rounds + 1):
        database, database_mb = timed([str(python), str(HERE / "peer.py"), str(exports)],
                                      work / "peer.json")
        shutil.rmtree(project, ignore_errors=True)
        timed([meetpoint, "migrate", "init", str(project), "--country", "GB"], work / "init.txt")
        migrate = [meetpoint, "migrate"]
        into = ["--project", str(project), "--json"]
        imported, import_mb = timed([*migrate, "import", *into, str(exports)], work / "import.json")
        judged, judge_mb = timed([*migrate, "assess", *into, "--day", "2026-03-09"],
                                 work / "assess.json")
        rounds.append({"database": database, "database_mb": database_mb,
                       "import": imported, "assess": judged,
                       "seconds": imported + judged, "ratio": (imported + judged) / database,
                       "mb": max(import_mb, judge_mb)})
        say(f"round {number}: import {imported:.2f} s {import_mb:.0f} MB, "
            f"assess {judged:.2f} s {judge_mb:.0f} MB; DuckDB {database:.2f} s {database_mb:.0f} MB")

    sizes = json.loads((work / "peer.json").read_text())
    answer = json.loads((work / "import.json").read_text())
    assessment = json.loads((work / "assess.json").read_text())
    wrong = []
    if answer["refused"] or answer["rejected_rows"]:
        wrong.append(f"{answer['refused']} files refused, {answer['rejected_rows']} rows rejected")
    if not arguments.small:
        wrong += [f"{sizes[name]} rows of {name}" for name, least in LEAST.items()
                  if sizes[name] < least]
        if sizes["pstn"] + sizes["direct"] < CALLS:
            wrong.append(f"{sizes['pstn'] + sizes['direct']} calls")
    lacking = missing(planted, assessment)
    wrong += [f"not found: {' '.join(fault)}" for fault in lacking[:10]]

    figures = {
        "import_assess_s": statistics.median(r["seconds"] for r in rounds),
        "import_assess_ratio": statistics.median(r["ratio"] for r in rounds),
        "rss_mb": max(r["mb"] for r in rounds),
    }
    (work / "figures.json").write_text(json.dumps({"rounds": rounds, **figures}, indent=1))
    wrong += [f"{name} is {figures[name]:.2f}, bound {bound:g}"
              for name, bound in BOUNDS.items() if figures[name] > bound]
    for line in wrong:
        say(f"bench: {line}")
    say(f"import_assess_s={figures['import_assess_s']:.2f} "
        f"import_assess_ratio={figures['import_assess_ratio']:.2f} rss_mb={figures['rss_mb']:.0f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
