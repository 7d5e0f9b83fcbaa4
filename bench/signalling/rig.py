"""Systems under test, their processor time and memory, and SIPp around them.

Loopback only. SIPp plays an operator's switch at 127.0.0.1:5090 and every
organisation's phone at 127.0.0.1:5070; the system under test stands between
them at 127.0.0.1:5060.
"""
import contextlib
import csv
import fcntl
import glob
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ("127.0.0.1", 5060)
TRUNK_PORT, PHONE_PORT = 5090, 5070
TOKEN = "yardstick"
CORES = sorted(os.sched_getaffinity(0))


class Trouble(Exception):
    """Something that ends the benchmark with a sentence for the reader."""


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- the machine


def own_network():
    """A network of our own, so that no other program's port is in the way."""
    if os.geteuid() != 0 or os.environ.get("BENCH_NETWORK"):
        return
    os.environ["BENCH_NETWORK"] = "own"
    if subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def loopback_up():
    """The loopback of a new network begins switched off."""
    if os.environ.get("BENCH_NETWORK") != "own":
        return
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(s, get_flags, request))
        fcntl.ioctl(s, set_flags, struct.pack("16sh14x", b"lo", flags | up))


@contextlib.contextmanager
def machine_to_ourselves():
    """Two benchmarks at once would measure each other; one that is told to stop
    stops what it has started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with open(Path(tempfile.gettempdir()) / "meetpoint-bench.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("bench: another benchmark is running on this machine; waiting for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_ports():
    for port in (5060, 5061, TRUNK_PORT, PHONE_PORT):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                raise Trouble(f"UDP port {port} of 127.0.0.1 is taken; as root the benchmark "
                              "would run in a network of its own") from None


def machine():
    """What the figures were taken on."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1].strip() if found else model
    release = os.uname()
    return f"{len(CORES)} cores, {model}, {release.sysname} {release.release} {release.machine}"


def busy():
    """Seconds all cores were busy, and seconds the hypervisor took, since boot."""
    f = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    tick = os.sysconf("SC_CLK_TCK")
    return (f[0] + f[1] + f[2] + f[5] + f[6]) / tick, f[7] / tick


def split_cores():
    """The system under test on the first core, all else on the last, as in every round."""
    if len(CORES) < 2:
        raise Trouble("two cores are needed: one for the system, one for the load")
    return {CORES[0]}, {CORES[-1]}


SYSTEM_CORES, LOAD_CORES = split_cores() if len(CORES) > 1 else (set(CORES), set(CORES))


def start(command, cores, **options):
    """Starts a program on some cores, before others in the queue where we may."""
    def prepare():
        os.sched_setaffinity(0, cores)
        if os.geteuid() == 0:
            os.setpriority(os.PRIO_PROCESS, 0, -12)
        if enter := options.get("enter"):
            enter()
    keep = {k: v for k, v in options.items() if k != "enter"}
    # What a program says before it dies must not be lost with a pipe nobody reads.
    return subprocess.Popen(command, preexec_fn=prepare, stdin=subprocess.DEVNULL, **keep)


def end(process, how=signal.SIGTERM, patience=8):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ------------------------------------------------- processor time of a group


class Group:
    """All processes of one system, in a control group where there is one."""

    def __init__(self):
        self.session = None
        self.folder = None
        self.version = None
        name = f"meetpoint-bench-{os.getpid()}"
        own = dict(line.split(":", 2)[1:] for line in
                   Path("/proc/self/cgroup").read_text().splitlines())
        for version, root in (("v1", "/sys/fs/cgroup/cpuacct"), ("v1", "/sys/fs/cgroup/cpu,cpuacct"),
                              ("v2", "/sys/fs/cgroup" + own.get("", "").rstrip("/"))):
            usage = "cpuacct.usage" if version == "v1" else "cpu.stat"
            folder = Path(root) / name
            try:
                folder.mkdir()
                (folder / usage).read_text()
                open(folder / "cgroup.procs", "w").close()
            except OSError:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                continue
            self.folder, self.version = folder, version
            return

    def how(self):
        if self.folder is None:
            return "the scheduler's statistics of each process"
        return f"control group {self.version}"

    def enter(self):
        """Called in the child, before it becomes the system under test."""
        os.setsid()
        if self.folder is not None:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def members(self):
        """Process ids by session: a shell, its daemon and the daemon's children alike."""
        found = []
        for stat in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = Path(stat).read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.session and fields[0] != "Z":
                    found.append(int(stat.split("/")[2]))
        return found

    def seconds(self):
        """Processor seconds, kernel and user, of all its processes."""
        if self.version == "v1":
            return int((self.folder / "cpuacct.usage").read_text()) / 1e9
        if self.version == "v2":
            text = (self.folder / "cpu.stat").read_text()
            return int(re.search(r"usage_usec (\d+)", text)[1]) / 1e6
        total = 0
        for pid in self.members():
            for thread in glob.glob(f"/proc/{pid}/task/*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(Path(thread).read_text().split()[0])
        return total / 1e9

    def pss(self):
        """Proportional set size of all its processes, bytes."""
        total = 0
        for pid in self.members():
            with contextlib.suppress(OSError):
                found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
                total += int(found[1]) * 1024 if found else 0
        return total

    def end(self):
        for attempt in range(60):
            members = self.members()
            if not members:
                break
            for pid in members:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGTERM if attempt < 40 else signal.SIGKILL)
            time.sleep(0.2)

    def close(self):
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self.folder.rmdir()


# ----------------------------------------------------------- systems and data


class Data:
    """What `yardstick world` wrote, and the same numbers for Kamailio."""

    def __init__(self, folder, yardstick, numbers, kamailio):
        self.folder = Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([yardstick, "world", "--out", self.folder, "--numbers", str(numbers),
                        "--token", TOKEN], check=True)
        if kamailio:
            self.sqlite()

    @property
    def calls(self):
        return self.folder / "calls.csv"

    def sqlite(self):
        path = self.folder / "numbers.db"
        path.unlink(missing_ok=True)
        tenants = set()

        def rows():
            with open(self.folder / "numbers.tsv") as lines:
                for line in lines:
                    number, tenant, user = line.rstrip("\n").split("\t")
                    tenants.add(tenant)
                    yield number, f"{tenant}:{user}"

        db = sqlite3.connect(path)
        db.execute("pragma journal_mode = off")
        db.execute("pragma synchronous = off")
        for table in ("htnum", "htten"):
            db.execute(f"create table {table} (id integer primary key, key_name varchar(64) not null, "
                       "key_type int default 0, value_type int default 0, "
                       "key_value varchar(128) not null, expires int default 0)")
        db.execute("create table version (table_name varchar(32) primary key, table_version int)")
        db.executemany("insert into version values (?, 2)", [("htnum",), ("htten",)])
        db.executemany("insert into htnum (key_name, key_value) values (?, ?)", rows())
        db.executemany("insert into htten (key_name, key_value) values (?, ?)",
                       [(t, f"127.0.0.1:{PHONE_PORT}") for t in sorted(tenants)])
        db.commit()
        db.close()


class System:
    """One thing that can stand between the switch and the phones."""

    answers_options = True

    def __init__(self, name, data, work, cores=None):
        self.name, self.data, self.work = name, data, Path(work).resolve() / name
        self.cores = cores or SYSTEM_CORES

    def command(self):
        raise NotImplementedError

    @contextlib.contextmanager
    def running(self):
        """The system, ready for calls; yields its group and the seconds it took to start."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        command, environment = self.command()
        group = Group()
        log = self.work / "log"
        began = time.monotonic()
        with open(log, "wb") as out:
            process = start(command, self.cores, enter=group.enter, stdout=out,
                            stderr=subprocess.STDOUT, env={**os.environ, **environment})
        group.session = process.pid
        try:
            self.wait_ready(process, log)
            yield group, time.monotonic() - began
        finally:
            end(process)
            group.end()
            group.close()
            shutil.rmtree(self.work, ignore_errors=True)

    def wait_ready(self, process, log):
        if not self.answers_options:
            time.sleep(0.3)
            return
        deadline = time.monotonic() + 90
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            # As the switch, the only one whom a careful system answers.
            s.bind(("127.0.0.1", TRUNK_PORT))
            s.settimeout(0.05)
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise Trouble(f"{self.name} ended at its start:\n{log.read_text()[-2000:]}")
                mark = time.monotonic_ns()
                s.sendto(
                    (f"OPTIONS sip:127.0.0.1:5060 SIP/2.0\r\n"
                     f"Via: SIP/2.0/UDP 127.0.0.1:{TRUNK_PORT};branch=z9hG4bKready{mark}\r\n"
                     "Max-Forwards: 5\r\n"
                     f"From: <sip:sbc1.operator-a.example>;tag=r{mark}\r\n"
                     "To: <sip:127.0.0.1:5060>\r\n"
                     f"Call-ID: ready{mark}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode(),
                    TARGET)
                try:
                    if s.recv(4096).startswith(b"SIP/2.0 200"):
                        return
                except OSError:
                    continue
        raise Trouble(f"{self.name} is not ready after 90 s:\n{log.read_text()[-2000:]}")


class Kamailio(System):
    def command(self):
        modules = [m for m in glob.glob("/usr/lib/*/kamailio/modules") + ["/usr/lib64/kamailio/modules"]
                   if Path(m, "topoh.so").exists()]
        if not modules:
            raise Trouble("Kamailio's modules are not installed: run scripts/setup.sh bench")
        (self.work / "acc").mkdir()
        os.symlink(self.data.folder / "numbers.db", self.work / "numbers.db")
        text = (HERE / "kamailio.cfg").read_text()
        text = text.replace("@DIR@", str(self.work)).replace("@MODULES@", modules[0] + "/")
        (self.work / "kamailio.cfg").write_text(text)
        # -M: its loader needs that much private memory for a million rows at once. -b: as large a buffer
        # as the edge and the floor ask for; its own quarter of a megabyte loses packets in a pause of 20 ms.
        return ["kamailio", "-f", self.work / "kamailio.cfg", "-DD", "-E", "-x", "tlsf", "-m", "1536",
                "-M", "2000", "-b", str(4 << 20), "-P", self.work / "pid", "-Y", self.work], {}


class Floor(System):
    answers_options = False

    def __init__(self, yardstick, data, work):
        super().__init__("floor", data, work)
        self.yardstick = yardstick

    def command(self):
        return [self.yardstick, "floor"], {}


class Edge(System):
    """The edge alone: its control plane is a port where nobody listens."""

    def __init__(self, program, data, work, shards=1, cores=None):
        super().__init__("edge", data, work, cores)
        self.program, self.shards = program, shards

    def command(self):
        folder = self.work / "data"
        shutil.copytree(self.data.folder / "edge", folder)
        return [self.program, "--url", "http://127.0.0.1:9", "--data-dir", folder,
                "--sip-udp", "127.0.0.1:5060", "--sip-tcp", "127.0.0.1:5060",
                "--shards", str(self.shards)], {"MEETPOINT_TOKEN": TOKEN, "RUST_LOG": "error"}


# ------------------------------------------------------------------------ load


def own_seconds(helpers):
    """Processor time of this program, of children that have ended and of helpers that run."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        r = resource.getrusage(who)
        total += r.ru_utime + r.ru_stime
    for helper in helpers:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{helper.pid}/schedstat").read_text().split()[0]) / 1e9
    return total


def last_row(path):
    try:
        with open(path) as lines:
            return list(csv.DictReader(lines, delimiter=";"))[-1]
    except (OSError, IndexError):
        return {}


def load(group, data, work, rate, seconds, hold=0.2, during=None, helpers=()):
    """Calls at a rate, and what they cost `group`.

    Returns a dict: calls, ok, failed, retransmissions (of switch and phones),
    cpu (seconds of the group), foreign (processor seconds of everybody else,
    time the hypervisor took included), elapsed. `during` is called once, when
    all calls have begun and none has ended, if they are held that long.
    `helpers` are programs of ours beside SIPp, which are not foreign.
    """
    count = max(1, int(rate * seconds))
    work = Path(work).resolve()
    files = {side: work / f"{side}.csv" for side in ("switch", "phones")}
    for path in files.values():
        path.unlink(missing_ok=True)
    common = ["-i", "127.0.0.1", "-nostdin", "-buff_size", "8388608", "-trace_stat", "-fd", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": work}
    phones = start(["sipp", "-sf", HERE / "callee.xml", "-p", str(PHONE_PORT), "-deadcall_wait", "0",
                    "-l", "200000", "-stf", files["phones"], *common], LOAD_CORES, **quiet)
    time.sleep(0.25)
    cpu, (used, stolen), ours, began = group.seconds(), busy(), own_seconds(helpers), time.monotonic()
    switch = start(["sipp", "127.0.0.1:5060", "-sf", HERE / "caller.xml", "-inf", data.calls,
                    "-p", str(TRUNK_PORT), "-t", "u1", "-r", str(rate), "-m", str(count),
                    "-l", "200000", "-d", str(int(hold * 1000)), "-stf", files["switch"],
                    "-timeout", str(int(seconds + hold + 10)), *common], LOAD_CORES, **quiet)
    seen = None
    if during is not None:
        time.sleep(max(0, seconds + (hold - seconds) / 2))
        seen = during()
    try:
        switch.wait(seconds + hold + 20)
    except subprocess.TimeoutExpired:
        switch.kill()
        switch.wait()
    elapsed = time.monotonic() - began
    time.sleep(0.1)
    cpu_end, (used_end, stolen_end) = group.seconds(), busy()
    end(phones, signal.SIGUSR1)
    ours_end = own_seconds(helpers)
    made, answered = last_row(files["switch"]), last_row(files["phones"])
    ok = int(made.get("SuccessfulCall(C)", 0))
    retransmissions = sum(int(row.get("Retransmissions(C)", 0)) for row in (made, answered))
    cpu = cpu_end - cpu
    foreign = (used_end - used) - cpu - (ours_end - ours)
    return {
        "rate": rate, "calls": count, "ok": ok, "failed": count - ok,
        "retransmissions": retransmissions, "elapsed": elapsed, "cpu": cpu,
        "cpu_per_1000": cpu / max(ok, 1) * 1000,
        "foreign": max(0.0, foreign) + (stolen_end - stolen), "during": seen,
    }
