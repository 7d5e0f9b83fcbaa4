#!/usr/bin/env python3
"""The edge beside Kamailio and beside the kernel's floor, in one run.

    make bench-signalling

Rounds of Kamailio, floor and edge, one after the other, until three of them
were undisturbed. The last line holds the medians of each round's own ratios,
the edge over Kamailio (docs/performance.md says how each figure is taken).
"""
import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import rig
from capture import latency
from rig import Data, Edge, Floor, Kamailio, Trouble, load, say

RATE, LATENCY_RATE = 1500, 500
# A round is disturbed when others, the hypervisor included, had more of the
# machine than this while it was measured: a system's share of a core moves with
# the caches it loses, and a queue behind somebody else's slice is not its own.
FOREIGN = 0.05
BOUNDS = {"cpu_ratio": 0.40, "pss_ratio": 0.12, "p50_ratio": 0.35}


def measure(system, seconds):
    with system.running() as (group, start_seconds):
        load(group, system.data, system.work, 10, 0.5)
        # What a start leaves to background threads is no part of being idle.
        time.sleep(1)
        pss = group.pss()
        load(group, system.data, system.work, RATE, 3)
        time.sleep(1)
        steady = load(group, system.data, system.work, RATE, seconds)
        timed = latency(group, system.data, system.work, LATENCY_RATE, 4)
        return {"start": start_seconds, "pss": pss, "loaded_pss": group.pss(), "steady": steady,
                "timed": timed, "how": group.how()}


def faults(result, limit):
    """Why a system's part of a round does not count."""
    for name in ("steady", "timed"):
        run = result[name]
        if run["failed"]:
            yield f"{run['failed']} failed calls at {run['rate']}/s"
        if run["retransmissions"]:
            yield f"{run['retransmissions']} retransmissions at {run['rate']}/s"
        share = run["foreign"] / (run["elapsed"] * len(rig.CORES))
        if share > limit:
            yield f"others had {share:.0%} of the machine at {run['rate']}/s"
    if "p50" not in result["timed"]:
        yield "no call could be timed"


def row(cells):
    print(f"{cells[0]:>6} {cells[1]:<9}" + "".join(f"{c:>13}" for c in cells[2:]), flush=True)


def show(number, name, result):
    steady, timed = result["steady"], result["timed"]
    row([number, name, f"{steady['cpu_per_1000']:.4f}", f"{result['pss'] / 1e6:.1f}",
         f"{timed.get('p50', float('nan')):.0f}", f"{timed.get('p99', float('nan')):.0f}",
         f"{result['start']:.2f}", steady["failed"] + timed["failed"],
         steady["retransmissions"] + timed["retransmissions"],
         f"{steady['foreign'] / steady['elapsed'] / len(rig.CORES):.1%}"])


def ratios(rounds):
    def median(of):
        return statistics.median(of(r["kamailio"], r["edge"], r["floor"]) for r in rounds)
    return {
        "cpu_ratio": median(lambda k, e, f: e["steady"]["cpu"] / e["steady"]["ok"]
                            / (k["steady"]["cpu"] / k["steady"]["ok"])),
        "pss_ratio": median(lambda k, e, f: e["pss"] / k["pss"]),
        "p50_ratio": median(lambda k, e, f: e["timed"]["p50"] / k["timed"]["p50"]),
        "floor_multiple": median(lambda k, e, f: e["steady"]["cpu"] / e["steady"]["ok"]
                                 / (f["steady"]["cpu"] / f["steady"]["ok"])),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", type=Path, default=rig.ROOT / "target" / "release",
                   help="folder of the programs meetpoint-edge and yardstick")
    p.add_argument("--numbers", type=int, default=1_000_000)
    p.add_argument("--rounds", type=int, default=3, help="undisturbed rounds wanted")
    p.add_argument("--minutes", type=float, default=14, help="no round begins that would end later")
    p.add_argument("--began", type=float, default=time.time(), help="when the minutes began, UNIX time")
    p.add_argument("--seconds", type=float, default=6, help="length of the run that is counted")
    p.add_argument("--foreign", type=float, default=FOREIGN,
                   help="share of the machine others may have; the bounds mean little above the default")
    args = p.parse_args()
    rig.own_network()
    rig.loopback_up()
    rig.split_cores()
    with rig.machine_to_ourselves(), \
            tempfile.TemporaryDirectory(prefix="bench-signalling-", dir=rig.ROOT / "target") as folder:
        rig.check_ports()
        say(f"bench: {rig.machine()}")
        say(f"bench: writing {args.numbers} numbers")
        data = Data(Path(folder) / "data", args.bin / "yardstick", args.numbers, kamailio=True)
        systems = {
            "kamailio": Kamailio("kamailio", data, folder),
            "floor": Floor(args.bin / "yardstick", data, folder),
            "edge": Edge(args.bin / "meetpoint-edge", data, folder),
        }
        good, failed, tried, longest = [], 0, 0, 0.0
        print(f"CPU at {RATE} calls/s on one core; set-up time (INVITE and 180) at {LATENCY_RATE} calls/s")
        row(["round", "system", "CPU-s/1000", "PSS MB", "p50 us", "p99 us", "start s", "failed",
             "repeated", "foreign"])
        while len(good) < args.rounds:
            if tried and time.time() + longest > args.began + args.minutes * 60:
                break
            tried += 1
            began = time.time()
            results, why = {}, []
            for name, system in systems.items():
                results[name] = measure(system, args.seconds)
                show(tried, name, results[name])
                found = list(faults(results[name], args.foreign))
                why += [f"{name}: {fault}" for fault in found]
                if name == "edge" and not any("others had" in fault for fault in found):
                    failed += results[name]["steady"]["failed"] + results[name]["timed"]["failed"]
            longest = max(longest, time.time() - began)
            if why:
                print(f"{tried:>6} does not count: " + "; ".join(why), flush=True)
            else:
                good.append(results)
        how = next(iter(results.values()))["how"]
        print(f"processor time from {how}; {len(good)} of {tried} rounds count")
        record = {"machine": rig.machine(), "numbers": args.numbers, "rounds": good}
        (rig.ROOT / "target" / "bench-signalling.json").write_text(json.dumps(record, indent=1))
    if not good:
        print(f"cpu_ratio=nan pss_ratio=nan p50_ratio=nan floor_multiple=nan failed={failed} rounds=0")
        return 1
    line = ratios(good)
    missed = [f"{name} is {line[name]:.3f}, at most {bound} is wanted"
              for name, bound in BOUNDS.items() if line[name] > bound]
    if len(good) < args.rounds:
        missed.append(f"{len(good)} undisturbed rounds, {args.rounds} are wanted")
    for fault in missed:
        print(f"missed: {fault}")
    print(" ".join(f"{name}={value:.3f}" for name, value in line.items())
          + f" failed={failed} rounds={len(good)}")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"bench: {trouble}")
