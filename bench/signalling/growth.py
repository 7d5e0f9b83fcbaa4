#!/usr/bin/env python3
"""How the edge's cost grows: with numbers, with calls held, with cores.

    make bench-signalling-growth

The last line holds the figures as key=value (docs/performance.md says how
each is taken and on what machine).
"""
import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import rig
from rig import Data, Edge, Trouble, load, say

FEW, MANY = 10_000, 10_000_000
RATE = 1500


def cost(edge, seconds, repeats):
    """Start, idle memory and processor time per 1,000 calls (median of the repeats)."""
    with edge.running() as (group, start_seconds):
        load(group, edge.data, edge.work, 10, 0.5)
        time.sleep(1)
        pss = group.pss()
        load(group, edge.data, edge.work, RATE, 3)
        runs = [load(group, edge.data, edge.work, RATE, seconds) for _ in range(repeats)]
    return {
        "start": start_seconds, "pss": pss, "runs": runs,
        "cpu_per_1000": statistics.median(run["cpu_per_1000"] for run in runs),
        "failed": sum(run["failed"] for run in runs),
        "retransmissions": sum(run["retransmissions"] for run in runs),
        "foreign": sum(run["foreign"] for run in runs)
        / (sum(run["elapsed"] for run in runs) * len(rig.CORES)),
    }


def held(edge, calls, rate):
    """Memory of calls that stand, all at once."""
    begin = calls / rate
    # All have begun, and the last stands a while, before the first ends.
    hold = begin + 12
    with edge.running() as (group, _):
        load(group, edge.data, edge.work, 10, 0.5)
        time.sleep(1)
        before = group.pss()
        run = load(group, edge.data, edge.work, rate, begin, hold=hold, during=group.pss)
        return {"run": run, "before": before, "at_most": run["during"],
                "bytes_per_call": (run["during"] - before) / calls, "after": group.pss()}


def show(what, result):
    print(f"{what:<28} {result['cpu_per_1000']:.4f} CPU-s/1000 calls, PSS {result['pss'] / 1e6:.1f} MB, "
          f"start {result['start']:.2f} s, failed {result['failed']}, "
          f"repeated {result['retransmissions']}, foreign {result['foreign']:.1%}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", type=Path, default=rig.ROOT / "target" / "release",
                   help="folder of the programs meetpoint-edge and yardstick")
    p.add_argument("--began", help=argparse.SUPPRESS)
    p.add_argument("--many", type=int, default=MANY, help="the great count of numbers")
    p.add_argument("--held", type=int, default=100_000, help="calls that stand at once")
    p.add_argument("--rate", type=int, default=RATE, help="calls a second while they begin")
    p.add_argument("--seconds", type=float, default=6)
    args = p.parse_args()
    rig.own_network()
    rig.loopback_up()
    rig.split_cores()
    program, yardstick = args.bin / "meetpoint-edge", args.bin / "yardstick"
    with rig.machine_to_ourselves(), \
            tempfile.TemporaryDirectory(prefix="bench-growth-", dir=rig.ROOT / "target") as folder:
        rig.check_ports()
        say(f"bench: {rig.machine()}")
        few = Data(Path(folder) / "few", yardstick, FEW, kamailio=False)
        many = Data(Path(folder) / "many", yardstick, args.many, kamailio=False)

        # Interleaved, so that a slow minute of the machine meets both.
        runs = {"few": [], "many": []}
        for _ in range(2):
            for name, data in (("few", few), ("many", many)):
                runs[name].append(cost(Edge(program, data, folder), args.seconds, 1))
                show(f"{FEW if name == 'few' else args.many} numbers", runs[name][-1])
        best = {name: statistics.median(r["cpu_per_1000"] for r in rs) for name, rs in runs.items()}
        per_number = (runs["many"][0]["pss"] - runs["few"][0]["pss"]) / (args.many - FEW)

        # With the load on one of the same cores: on more than two, it has its own.
        pair = set(rig.CORES[:2])
        one = cost(Edge(program, few, folder), args.seconds, 2)
        show("one shard, one core", one)
        two = cost(Edge(program, few, folder, shards=2, cores=pair), args.seconds, 2)
        show("two shards, two cores", two)

        standing = held(Edge(program, few, folder), args.held, args.rate)
        run = standing["run"]
        print(f"{args.held} calls held: {standing['bytes_per_call']:.0f} bytes each, PSS "
              f"{standing['before'] / 1e6:.1f} -> {standing['at_most'] / 1e6:.1f} -> "
              f"{standing['after'] / 1e6:.1f} MB, {run['cpu_per_1000']:.4f} CPU-s/1000 calls, "
              f"failed {run['failed']}, repeated {run['retransmissions']}", flush=True)

        record = {"machine": rig.machine(), "few": runs["few"], "many": runs["many"],
                  "one_shard": one, "two_shards": two, "held": standing}
        (rig.ROOT / "target" / "bench-signalling-growth.json").write_text(json.dumps(record, indent=1))
    failed = run["failed"] + one["failed"] + two["failed"] \
        + sum(r["failed"] for rs in runs.values() for r in rs)
    print(f"cpu_many_over_few={best['many'] / best['few']:.3f} bytes_per_number={per_number:.1f} "
          f"start_s_many={runs['many'][0]['start']:.2f} bytes_per_held_call={standing['bytes_per_call']:.0f} "
          f"cpu_two_shards_over_one={two['cpu_per_1000'] / one['cpu_per_1000']:.3f} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"bench: {trouble}")
