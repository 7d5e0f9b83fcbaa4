#!/usr/bin/env python3
"""Lets schemathesis hold every face against its document, in a seeded world.

    make schema

Starts `meetpoint serve` on a free port, seeds it (world.py) and runs
schemathesis with a fixed seed over our own faces (the document the server
gives) and the compatible ones (their contract files). Beside what
schemathesis checks, every operation must succeed at least once, and so must a
share of the requests that the document allows: nothing passes on refusals
alone. The exit code is 1 where anything was found; each finding names the
operation, the request and the check.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import world

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTRACTS = ROOT / "crates" / "api" / "contracts"
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
    "missing_required_header", "unsupported_method", "use_after_free",
    "ensure_resource_availability", "ignored_auth",
]
# Of the requests that the document allows, this share must succeed: at each operation, and in all.
LEAST_EACH, LEAST_ALL = 0.02, 0.2
# Operations that need not succeed, each with its reason. Keep it short.
NEVER = {}
# The feed of changes has no end, which a client that waits for the whole answer cannot bear;
# crates/api/tests/it/edges.rs reads it.
ENDLESS = "/edge/v1/changes"


def say(text):
    print(text, flush=True)


def quoted(value):
    """As TOML writes it; its strings are those of JSON."""
    return json.dumps(value)


def settings(values, fixed):
    """The settings of schemathesis: which known values parameters and fields take, and how often."""
    lines = [f"hooks = {quoted(str(HERE / 'hooks.py'))}", "[dictionaries]"]
    lines += [f"{quoted(name)} = {{ values = {quoted(known)} }}" for name, known in values.items()]
    lines.append("[parameters]")
    lines += [f"{quoted(name)} = {quoted(value)}" for name, value in fixed.items()]
    for place, (name, chance) in PLACES.items():
        if name in values:
            lines.append(f"{quoted(place)} = {{ dictionary = {quoted(name)}, probability = {chance} }}")
    return "\n".join(lines) + "\n"


# Where a known value goes, which one, and how often.
PLACES = {
    **{
        f"{place}.{name}": (name, 0.8)
        for place in ("path", "query", "body")
        for name in (
            "operator_id", "tenant_id", "trunk_id", "calling_profile_id", "client_id", "edge_id",
            "civic_address_id", "location_id", "user_id", "resource_account_id", "order_id", "number",
            "call_id",
        )
    },
    "query.assigned_to_id": ("user_id", 0.5),
    "query.id": ("call_id", 0.8),
    "header.If-Match": ("version", 0.9),
    "body.trunk_ids[*]": ("trunk_id", 0.9),
    "body.agent_ids[*]": ("user_id", 0.9),
    "body.entries[*].number": ("number", 0.8),
    "body.from_user_id": ("user_id", 0.8),
    "body.id": ("user_id", 0.8),
}


class Part:
    """One document and what becomes of it."""

    def __init__(self, name, document, url, fixed=None, extra=()):
        self.name, self.document, self.url = name, document, url
        self.fixed, self.extra = fixed or {}, list(extra)

    def run(self, here, work, arguments):
        """Whether schemathesis found nothing, and what was answered."""
        config, answers = work / f"{self.name}.toml", work / f"{self.name}.json"
        config.write_text(settings(here.values, self.fixed))
        environment = dict(
            os.environ, PYTHONPATH=str(HERE), MEETPOINT_WORLD=str(work / "world.json"),
            MEETPOINT_ANSWERS=str(answers), PYTHONDONTWRITEBYTECODE="1",
        )
        command = [str(Path(sys.executable).parent / "st"), "--config-file", str(config), "run", str(self.document)]
        command += ["--url", self.url, "--seed", str(arguments.seed), "--max-examples", str(arguments.examples)]
        command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--generation-database", "none"]
        command += ["--no-color", "--warnings", "off", *self.extra]
        say(f"schema: {self.name}: {' '.join(command)}")
        status = subprocess.run(command, env=environment, cwd=work).returncode
        return status == 0, json.loads(answers.read_text())

    def operations(self):
        """Every operation of the document, as schemathesis names it."""
        document = json.loads(Path(self.document).read_text())
        for path, item in document["paths"].items():
            for method in item:
                if method in ("get", "put", "post", "patch", "delete") and path != ENDLESS:
                    yield f"{method.upper()} {path}"


def judge(part, answers, show):
    """What is too seldom answered with a success, in words."""
    found, allowed, succeeded = [], 0, 0
    for operation in part.operations():
        by_status = answers["answers"].get(operation, {}).get("allowed", {})
        total = sum(by_status.values())
        good = sum(count for status, count in by_status.items() if status.startswith("2"))
        allowed, succeeded = allowed + total, succeeded + good
        refused = answers["refused"].get(operation, {})
        told = ", ".join(f"{count} x {why}" for why, count in sorted(refused.items(), key=lambda r: -r[1])[:6])
        if show:
            say(f"  {good:4} of {total:4}  {operation}  {told}")
        if operation in NEVER:
            if good:
                found.append(f"{operation} succeeds; take it off the list of those that need not")
        elif good == 0 or good < LEAST_EACH * total:
            found.append(f"{operation}: {good} of {total} allowed requests succeed ({told})")
    if succeeded < LEAST_ALL * allowed:
        found.append(f"all operations: {succeeded} of {allowed} allowed requests succeed, less than {LEAST_ALL:.0%}")
    say(f"schema: {part.name}: {succeeded} of {allowed} allowed requests succeed")
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bin", type=Path, required=True, help="the program meetpoint")
    arguments.add_argument("--database-url", help="an empty PostgreSQL database instead of SQLite")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--examples", type=int, default=25, help="requests of each kind at an operation")
    arguments.add_argument("--only", help="one part by name")
    arguments.add_argument("--show", action="store_true", help="the share of each operation")
    arguments = arguments.parse_args()
    began = time.monotonic()
    here = world.World(arguments.bin, arguments.database_url)
    failures = []
    try:
        work = Path(here.folder.name)
        here.tokens["compatible"] = here.compatible_token()
        here.values["version"] = ['"1"', '"2"', '"3"']
        told = {"base": here.base, "tokens": here.tokens, "owner": here.secrets["programme"]}
        (work / "world.json").write_text(json.dumps(told))
        own = work / "openapi.json"
        own.write_text(json.dumps(world.Client(here.base).ask("GET", "/openapi.json")[2]))
        parts = [Part("own", own, here.base, extra=["--exclude-path", ENDLESS])]
        for version in ("2023-10-01", "2024-02-29-preview"):
            contract = work / f"{version}.openapi.json"
            shutil.copy(CONTRACTS / f"acg-provisioning-{version}.json", contract)
            parts.append(Part(version, contract, f"{here.base}/provapi", {"api-version": version}))
        for part in parts:
            if arguments.only in (None, part.name):
                clean, answers = part.run(here, work, arguments)
                if not clean:
                    failures.append(f"{part.name}: schemathesis found what is told above")
                failures += judge(part, answers, arguments.show)
        if here.process.poll() is not None:
            failures.append(f"meetpoint ended by itself:\n{here.log.read_text(errors='replace')[-4000:]}")
    finally:
        here.stop()
    for failure in failures:
        say(f"schema: {failure}")
    say(f"schema: {len(failures)} findings in {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
