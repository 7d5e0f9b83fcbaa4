"""Time spent inside a system, from a capture of both of its sides."""
import os
import re
import signal
import statistics
import struct
import subprocess
import time

from rig import LOAD_CORES, PHONE_PORT, TRUNK_PORT, end, load, start

CALL_ID = re.compile(rb"\r\n(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]+)", re.I)
CSEQ = re.compile(rb"\r\nCSeq[ \t]*:[ \t]*\d+[ \t]+(\w+)", re.I)
# The offer's id crosses every system unchanged, a hidden Call-ID does not.
OFFER = re.compile(rb"\no=\S+ (\d+)")


def packets(path):
    """(time, source port, destination port, payload) of each UDP packet of a capture."""
    data = path.read_bytes()
    at = 24
    while at + 16 <= len(data):
        seconds, nanos, length, _ = struct.unpack_from("<IIII", data, at)
        at += 16
        packet = data[at:at + length]
        at += length
        if len(packet) < 43:
            continue
        udp = 14 + (packet[14] & 15) * 4
        source, destination = struct.unpack_from(">HH", packet, udp)
        yield seconds + nanos * 1e-9, source, destination, packet[udp + 8:]


def setup_times(path):
    """Per call, seconds inside the system: INVITE in to INVITE out, plus 180 in to 180 out.

    Returns them and the number of requests that crossed the wire twice.
    """
    near, far, seen, repeated = {}, {}, set(), 0
    for moment, source, destination, text in packets(path):
        call_id = CALL_ID.search(text)
        cseq = CSEQ.search(text)
        if not call_id or not cseq:
            continue
        first_line = text[:text.index(b"\r\n")]
        packet = (source, destination, call_id[1], cseq[1], first_line)
        repeated += packet in seen
        seen.add(packet)
        if first_line.startswith(b"INVITE "):
            side = near if source == TRUNK_PORT else far if destination == PHONE_PORT else None
            if side is not None:
                offer = OFFER.search(text)
                side.setdefault(call_id[1], {}).setdefault("invite", moment)
                side[call_id[1]]["offer"] = offer[1] if offer else None
        elif first_line.startswith(b"SIP/2.0 180") and cseq[1] == b"INVITE":
            side = far if source == PHONE_PORT else near if destination == TRUNK_PORT else None
            if side is not None:
                side.setdefault(call_id[1], {}).setdefault("ringing", moment)
    by_offer = {call["offer"]: call for call in far.values() if call.get("offer")}
    times = []
    for call in near.values():
        other = by_offer.get(call.get("offer"))
        if other and all("invite" in c and "ringing" in c for c in (call, other)):
            times.append((other["invite"] - call["invite"]) + (call["ringing"] - other["ringing"]))
    return times, repeated


def latency(group, data, work, rate, seconds):
    """As `rig.load`, with p50 and p99 of the set-up time in microseconds."""
    path = work / "capture.pcap"
    tcpdump = start(["tcpdump", "-i", "lo", "-w", path, "--time-stamp-precision=nano", "-B", "65536",
                     "-s", "2048", "-Z", "root" if os.geteuid() == 0 else "nobody",
                     f"udp and (port {TRUNK_PORT} or port {PHONE_PORT})"],
                    LOAD_CORES, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.8)
    result = load(group, data, work, rate, seconds, helpers=[tcpdump])
    time.sleep(0.5)
    end(tcpdump, signal.SIGINT)
    times, repeated = setup_times(path)
    path.unlink()
    if len(times) >= 2:
        micros = statistics.quantiles((t * 1e6 for t in times), n=100, method="inclusive")
        result["p50"], result["p99"] = micros[49], micros[98]
    result["joined"] = len(times)
    result["retransmissions"] += repeated
    return result
