#!/usr/bin/env python3
"""Lets schemathesis hold every face against its document, in a seeded world.

    make schema

Starts `meetpoint serve` twice on free ports, seeds each (world.py) and runs
schemathesis with a fixed seed over our own faces (the document the server
gives) and the compatible ones (their contract files): single requests to our
own faces in the one, stories and contracts in the other. Beside what
schemathesis checks, every operation must succeed at least once, and so must a
share of the requests that the document allows: nothing passes on refusals
alone. The exit code is 1 where anything was found; each finding names the
operation, the request and the check.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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
LEAST_EACH, LEAST_ALL = 0.01, 0.25
# Operations that succeed seldom, each with its reason: once is enough. Keep it short.
SELDOM = {
    "POST /programme/v1/edge-keys": "the keys rotate once an hour at most",
}
# Operations that chance may never bring to a success, each with its reason: a Rust test has one.
BY_CHANCE = {
    "PATCH /operator/v1/consents/{tenant_id}": "a consent's version moves with all that is said of it, and moves have guards",
    "PUT /tenant/v1/numbers/{number}/assignment": "a free number seldom meets a licensed person without one and a location",
    "POST /accounts/{accountName}:createOrUpdateNumbers": "one bad number of a batch refuses it whole",
    "PUT /accounts/{accountName}": "drawn conditions seldom hold, and an account with numbers keeps its tenant",
    "POST /programme/v1/operators/{operator_id}/calling-profiles": "two trunks of one operator seldom meet",
    "PUT /programme/v1/operators/{operator_id}/calling-profiles/{calling_profile_id}/emergency":
        "an operator, one of its profiles, its version and another of its profiles seldom meet",
    "POST /session": "one whole proof of three, and a code opens once",
    "POST /tenant/v1/gateways": "an address and a source are one gateway's, and few are known",
    "PUT /tenant/v1/fallback-operators": "most operators have no trunk by which they could stand in",
    "DELETE /tenant/v1/direct-routing-numbers/{number}": "most numbers are operators'",
    "PUT /tenant/v1/conference-bridges/{conference_bridge_id}/numbers/{number}": "few numbers are for conferences, and each is one bridge's",
    "DELETE /tenant/v1/conference-bridges/{conference_bridge_id}/numbers/{number}": "a number seldom meets its own bridge, and the first stays",
    "POST /tenant/v1/mails/{mail_id}/resend": "no mail fails in a house that was told of no mail server",
    "POST /tenant/v1/consents": "most pairs of tenant and operator have one, in another state",
}
# The feed of changes has no end, which a client that waits for the whole answer cannot bear;
# crates/api/tests/it/edges.rs reads it.
ENDLESS = "/edge/v1/changes"
# Not part of this yet: a change freeze would refuse all that follows it; a tenant's orders take one of
# several sets of fields by their kind, files are no JSON, and what is undone is gone for the others'
# questions; an issuer that was made up is away when somebody signs in there; an offer that is withdrawn, or a
# notice that is new, refuses what others ask of consents, and an invitation ends with its first answer. Rust tests hold them: docs/access.csv by every role, and their own.
LATER = (
    "^/(tenant|programme)/v1/change-freezes|^/session/oidc/\\{"
    "|^/tenant/v1/(number-orders|users/csv|calling-settings/csv|numbers/.*/assignment(/undo|-block))"
    "|^/operator/v1/(number-orders/(csv|.*/(retry|undo))|order-messages/|disputes/)|^/programme/v1/disputes/"
    "|^/scim/|^/operator/v1/(stock|reservations)|^/tenant/v1/(shop/|quotes|reservations)|^/shop/"
    "|^/operator/v1/(offer|leads)/|^/tenant/v1/(leads/|consents/.*/acceptances)|^/programme/v1/notices"
)
# Streams of events that end only when their reader goes: each is read for so many seconds.
ENDLESS_EVENTS, EVENTS_SECONDS = ("tenant", "operator", "programme"), 1
# Stories keep to operations that hang together: among all at once they seldom get beyond a first step.
STORIES = [
    ("people", "^/tenant/v1/(users|resource-accounts|explain)"),
    ("places", "^/tenant/v1/(civic-addresses|trusted-networks)"),
    ("numbers", "^/tenant/v1/(numbers|calls|direct-routing-numbers)"),
    ("gateways", "^/tenant/v1/(gateways|coexistence|fallback-operators|conference-)"),
    ("policies", "^/tenant/v1/(policies|policy-assignments|effective-policies|groups|call-screening|voice-routing|voice-targets|calling-settings|users/.*/calling-settings)"),
    ("orders", "^/operator/(?!v1/webhooks)"),
    # Late: a consent that is suspended takes much with it.
    ("consents", "^/tenant/v1/(operators|consents)"),
    ("operators", "^/programme/v1/operators"),
    ("webhooks", "^/(tenant|operator|programme)/v1/webhooks"),
    ("identity", "^/(session|programme/v1/(clients|issuers))"),
]
STORIES.append(("rest", "^(?!/edge/|" + "|".join(paths.removeprefix("^") for _, paths in STORIES) + ")"))
# Parameters that go together with others.
FIXED = {
    # The account that has the numbers which are named.
    "DELETE /accounts/{accountName}/numbers/{telephoneNumber}": {"path.accountName": "Account-0"},
}
# What a request that the document does not allow may be answered with.
REJECTED = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429]
# The contract of a tenant's operators and consents.
DIRECTORY = "2022-06-01-preview"
# Most requests of one story that follows links.
STEPS = 10


def say(text):
    print(text, flush=True)


def quoted(value):
    """As TOML writes it; its strings are those of JSON."""
    return json.dumps(value)


def settings(values, fixed, examples, linked):
    """The settings of schemathesis: which known values parameters and fields take, and how often."""
    lines = [f"hooks = {quoted(str(HERE / 'hooks.py'))}", "[dictionaries]"]
    lines += [f"{quoted(name)} = {{ values = {quoted(known)} }}" for name, known in values.items()]
    lines += ["[generation]", f"max-examples = {examples}", "[phases.stateful]", f"max-steps = {STEPS}"]
    # A stale version may be found before the wrong body is.
    lines += ["[checks.negative_data_rejection]", f"expected-statuses = {REJECTED}"]
    # RFC 6585 section 3: what is missing is the version.
    lines += ["[checks.missing_required_header]", f"expected-statuses = {REJECTED}", "[parameters]"]
    lines += [f"{quoted(name)} = {quoted(value)}" for name, value in fixed.items()]
    for place, (name, chance) in PLACES.items():
        # In a story paths and versions come by links.
        if name in values and not (linked and place.startswith(("path.", "header."))):
            lines.append(f"{quoted(place)} = {{ dictionary = {quoted(name)}, probability = {chance} }}")
    for face in ENDLESS_EVENTS:
        lines += ["[[operations]]", f"include-name = {quoted(f'GET /{face}/v1/events')}"]
        lines += [f"request-timeout = {EVENTS_SECONDS}"]
    for operation, parameters in FIXED.items():
        lines += ["[[operations]]", f"include-name = {quoted(operation)}", "[operations.parameters]"]
        lines += [f"{quoted(name)} = {quoted(value)}" for name, value in parameters.items()]
    return "\n".join(lines) + "\n"


def merge(into, more):
    """Adds up counts that lie equally deep."""
    for name, value in more.items():
        if isinstance(value, dict):
            merge(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + value


def named(name, chance, *places):
    """The same known values at several places."""
    return {place: (name, chance) for place in places}


CONTACTS = ["contacts[*]", "consentedBy", "lastModifiedBy"]
# Where a known value goes, which one, and how often. What is left is drawn by the document alone.
PLACES = {
    **{
        f"{place}.{name}": (name, 0.8)
        for place in ("path", "query", "body")
        for name in (
            "operator_id", "tenant_id", "trunk_id", "calling_profile_id", "client_id", "edge_id",
            "civic_address_id", "location_id", "user_id", "resource_account_id", "order_id", "number",
            "call_id", "policy_id", "group_id", "gateway_id", "conference_bridge_id", "webhook_id", "export_id", "issuer_id",
        )
    },
    **named("user_id", 0.8, "body.agent_ids[*]", "body.from_user_id", "body.id", "query.assigned_to_id"),
    **named("call_id", 0.8, "query.id"),
    **named("trunk_id", 0.9, "body.trunk_ids[*]"),
    **named("number", 0.8, "body.entries[*].number", "body.called"),
    **named("number", 0.95, "body.contacts[*].phone_number", "body.escalation_contacts[*].phone_number"),
    **named("version", 0.9, "header.If-Match"),
    **named("label", 0.95, "body.name", "body.display_name", "body.description", "body.company_name",
            "body.contacts[*].full_name", "body.comment", "body.ticket_id", "body.networks[*].description",
            "body.escalation_contacts[*].full_name", "body.support_hours", "body.message", "body.price_note",
            "body.coverage[*].price_note", "body.coverage[*].emergency_note"),
    **named("country", 0.95, "body.country", "body.countries[*]", "body.requirements[*].country",
            "body.networks[*].country", "body.coverage[*].country", "body.activations[*].country", "query.country"),
    **named("user_id", 0.9, "body.join[*]", "body.leave[*]", "body.unassigned[*].user_id"),
    **named("resource_account_id", 0.9, "body.settings.resource_account_id",
            "body.blocked[*].redirect_to_account_id", "body.unassigned[*].resource_account_id"),
    **named("pattern", 0.95, "body.settings.rules[*].pattern",
            *(f"body.{rules}[*].pattern" for rules in ("blocked", "exempt", "unassigned"))),
    **named("operator_id", 0.9, "body.operator_ids[*]"),
    **named("gateway_id", 0.9, "body.routes[*].gateway_ids[*]", "body.gateway_ids[*]",
            "body.voicemail.gateway_id", "body.announcements[*].gateway_id"),
    **named("conference_bridge_id", 0.5, "body.from_conference_bridge_id"),
    **named("language", 0.95, "body.primary_language", "body.secondary_languages[*]"),
    **named("number", 0.8, "body.default_number", "body.routes[*].bridge_source_phone_number"),
    **named("user_id", 0.9, "body.delegates[*].user_id", "body.call_group[*]",
            *(f"body.{of}.user_id" for of in ("forwarding.target", "unanswered.target", "busy", "unreachable"))),
    **named("pattern", 0.95, "body.routes[*].number_pattern"),
    **named("pstn_usage", 0.95, "body.online_pstn_usages[*]", "body.routes[*].online_pstn_usages[*]",
            "body.settings.online_pstn_usages[*]"),
    **named("label", 0.95, "body.routes[*].name"),
    **named("translation", 0.95, "body.settings.rules[*].translation"),
    **named("label", 0.95, "body.settings.rules[*].name", "body.settings.company_name",
            *(f"body.{rules}[*].name" for rules in ("blocked", "exempt", "unassigned"))),
    **named("dns_name", 0.9, "body.fqdn", "body.domain"),
    **named("upn", 0.9, "body.upn"),
    **named("address", 0.9, "body.address"),
    **named("host", 0.9, "body.sources[*]", "body.networks[*].ip_address", "body.from_address"),
    **named("first", 0.9, "body.first"),
    **named("last", 0.9, "body.last"),
    **named("latitude", 0.8, "body.latitude", "body.longitude"),
    **named("email", 0.95, "body.contacts[*].email", "body.escalation_contacts[*].email"),
    **named("company_size", 0.8, "body.company_size"),
    **named("service", 0.9, "body.services[*]"),
    **named("page", 0.8, "body.landing_page", "body.logo_uri", "body.logo_thumbnail_uri", "body.terms_uri"),
    **named("licence", 0.8, "body.licences[*]"),
    **named("alarm", 0.8, "query.code"),
    **named("token_client", 0.9, "body.client_id"),
    **named("token_secret", 0.9, "body.client_secret"),
    **named("token_scope", 0.9, "body.scope"),
    **named("call_id", 0.95, "body.entries[*].call_id"),
    **named("milliseconds", 0.8, "body.entries[*].connected_ms", "body.entries[*].billed_ms"),
    **named("from", 0.8, "body.from", "query.from"),
    **named("to", 0.8, "body.to", "query.to"),
    **named("file_format", 0.9, "body.format"),
    **named("hook", 0.9, "body.endpoint"),
    **named("event_type", 0.9, "body.event_types[*]", "query.type"),
    **named("issuer", 0.9, "body.issuer", "body.jwks_uri"),
    **named("role", 0.9, "body.roles[*].role"),
    **named("label", 0.9, "body.audience", "body.roles[*].value", "body.login_client_id", "body.role_claim"),
    **named("days", 0.9, "body.days", "body.old_ends_in_hours"),
    **named("login", 0.9, "body.login"),
    **named("password", 0.9, "body.password"),
    # The compatible face.
    **named("account", 0.9, "path.accountName", "query.accountName", "body.accountName"),
    **named("held", 0.9, "path.phoneNumber", "path.telephoneNumber", "query.number",
            "body.numbers[*].phoneNumber", "body.numbers[*].telephoneNumber"),
    **named("operator_id", 0.9, "path.operatorId"),
    **named("label", 0.95, "body.companyName", *(f"body.{who}.fullName" for who in CONTACTS)),
    **named("email", 0.95, *(f"body.{who}.email" for who in CONTACTS)),
    **named("number", 0.95, *(f"body.{who}.phoneNumber" for who in CONTACTS)),
    **named("country", 0.95, "body.consentedCountries[*]"),
    **named("tenant_id", 0.9, "path.tenantId", "body.tenantId", "body.serviceDetails.teamsTenantId"),
    **named("civic_address_id", 0.9, "path.civicAddressId"),
    **named("filter", 0.9, "query.filter"),
    **named("request_id", 0.9, "header.x-ms-client-request-id"),
    **named("other_version", 0.9, "header.If-None-Match"),
    **named("long_ago", 0.9, "header.If-Modified-Since"),
    **named("long_hence", 0.9, "header.If-Unmodified-Since"),
    **named("small", 0.9, "query.top", "query.skip", "query.maxpagesize"),
    **named("usage", 0.9, "body.serviceDetails.teamsOperatorConnect.configuration.usage",
            "body.numbers[*].serviceDetails.teamsOperatorConnect.configuration.usage"),
}


class Part:
    """One document (a file in the folder of each world), under which path it is served, and what becomes of it."""

    def __init__(self, name, document, under="", fixed=None, known=lambda _: {}, extra=(), stories=(), without=None):
        self.name, self.document, self.under = name, document, under
        self.fixed, self.known = fixed or {}, known
        self.extra, self.stories = list(extra), list(stories)
        self.without = ["--exclude-path-regex", without] if without else []

    def runs(self):
        """The names of its runs, each with the arguments of its own: single requests, then stories."""
        single = ("single", ["--phases", "examples,coverage,fuzzing", *self.extra])
        return [single, *((name, ["--phases", "stateful", "--include-path-regex", paths])
                          for name, paths in self.stories)]

    def run(self, name, extra, here, arguments):
        """Whether schemathesis found nothing in one of its runs, and what was answered."""
        work = Path(here.folder.name)
        command = ["run", str(work / self.document), "--url", here.base + self.under]
        command += ["--seed", str(arguments.seed), *self.without, "--generation-database", "none"]
        command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--no-color", "--warnings", "off", *extra]
        is_story = name != "single"
        if is_story:
            # What other requests left behind is a part of every story, so none can be told again as
            # it was, and schemathesis ends a round there. Rounds follow until the time is up.
            command += ["--max-time", str(arguments.stories)]
        config, answers = work / f"{self.name}.{name}.toml", work / f"{self.name}.{name}.json"
        known = {**here.values, **self.known(here)}
        config.write_text(settings(known, self.fixed, arguments.examples, is_story))
        environment = dict(
            os.environ, PYTHONPATH=str(HERE), MEETPOINT_WORLD=str(work / "world.json"),
            MEETPOINT_ANSWERS=str(answers), PYTHONDONTWRITEBYTECODE="1",
            MEETPOINT_STORY="1" if is_story else "",
        )
        whole = [str(Path(sys.executable).parent / "st"), "--config-file", str(config), *command]
        began = time.monotonic()
        done = subprocess.run(whole, env=environment, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        say(f"schema: {self.name}, {name}: {' '.join(whole)}\n{done.stdout.decode(errors='replace')}"
            f"schema: {self.name}, {name}: {time.monotonic() - began:.0f} s")
        return done.returncode == 0, json.loads(answers.read_text()) if answers.exists() else {}

    def operations(self, document):
        """Every operation of the document, as schemathesis names it."""
        for path, item in document["paths"].items():
            for method in item:
                if method in ("get", "put", "post", "patch", "delete") and path != ENDLESS and not re.match(LATER, path):
                    yield f"{method.upper()} {path}"


def is_success(status):
    """A sign-in at an issuer goes on elsewhere."""
    return status.startswith("2") or status == "303"


def judge(part, document, answers, show):
    """What is too seldom answered with a success, in words."""
    found, allowed, succeeded = [], 0, 0
    for operation in part.operations(document):
        by_status = answers.get("answers", {}).get(operation, {}).get("allowed", {})
        total = sum(by_status.values())
        good = sum(count for status, count in by_status.items() if is_success(status))
        allowed, succeeded = allowed + total, succeeded + good
        refused = answers.get("refused", {}).get(operation, {})
        told = ", ".join(f"{count} x {why}" for why, count in sorted(refused.items(), key=lambda r: -r[1])[:6])
        if show:
            say(f"  {good:4} of {total:4}  {operation}  {told}")
        if operation in SELDOM:
            ever = answers.get("answers", {}).get(operation, {}).values()
            if not any(is_success(status) for by_status in ever for status in by_status):
                found.append(f"{operation} never succeeds, though once would be enough")
        elif operation not in BY_CHANCE and (good == 0 or good < LEAST_EACH * total):
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
    arguments.add_argument("--examples", type=int, default=30, help="requests of each kind at an operation")
    arguments.add_argument("--stories", type=int, default=10, help="seconds for each set of stories")
    arguments.add_argument("--only", help="one part by name")
    arguments.add_argument("--show", action="store_true", help="the share of each operation")
    arguments = arguments.parse_args()
    began = time.monotonic()
    chosen = [part for part in PARTS if arguments.only in (None, part.name)]
    runs = [(part, *run) for part in chosen for run in part.runs()]
    # Single requests to our own faces take as long as all else, and what asks keeps one core busy.
    long = [run for run in runs if (run[0].name, run[1]) == ("own", "single")]
    lanes = [lane for lane in (long, [run for run in runs if run not in long]) if lane]
    if arguments.database_url:
        lanes = [runs]
    with ThreadPoolExecutor(len(lanes)) as pool:
        done = list(pool.map(lambda lane: in_world(lane, arguments), lanes))
    failures = [failure for found, _, _ in done for failure in found]
    told, documents = {}, {}
    for _, answers, document in done:
        merge(told, answers)
        documents |= document
    for part in chosen:
        failures += judge(part, documents[part.name], told.get(part.name, {}), arguments.show)
    for failure in failures:
        say(f"schema: {failure}")
    say(f"schema: {len(failures)} findings in {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


def in_world(runs, arguments):
    """Some runs, one after the other, in a world of their own: what was found, what was answered in each part, and
    the parts' documents."""
    here = world.World(arguments.bin, arguments.database_url)
    failures, told = [], {}
    try:
        documents = furnish(here)
        for part, name, extra in runs:
            clean, answers = part.run(name, extra, here, arguments)
            if not clean:
                failures.append(f"{part.name}, {name}: schemathesis found what is told above")
            merge(told.setdefault(part.name, {}), answers)
        if here.process.poll() is not None:
            failures.append(f"meetpoint ended by itself:\n{here.log.read_text(errors='replace')[-4000:]}")
        return failures, told, documents
    finally:
        here.stop()


def furnish(here):
    """Puts what the hooks want to know of a world, and all documents, into its folder; the documents by their
    parts' names."""
    work = Path(here.folder.name)
    known = {
        "base": here.base, "tokens": here.tokens, "owner": here.secrets["programme"],
        "accounts": here.account_names, "jwk": here.outside.jwk, "hook": f"{here.outside.issuer}/hook",
        "issuer": here.values["issuer_id"][0], "webhooks": here.webhooks,
        "needed": [client_id for client_id, _ in here.secrets.values()], "spare": here.values["client_id"][0],
    }
    (work / "world.json").write_text(json.dumps(known))
    own = world.Client(here.base).ask("GET", "/openapi.json")[2]
    (work / "own.openapi.json").write_text(json.dumps(own))
    for name in VERSIONS:
        shutil.copy(CONTRACTS / f"acg-provisioning-{name}.json", work / f"{name}.openapi.json")
    shutil.copy(CONTRACTS / f"acs-operator-connect-{DIRECTORY}.json", work / "directory.openapi.json")
    shutil.copy(HERE / "token.json", work / "token.openapi.json")
    return {part.name: json.loads((work / part.document).read_text()) for part in PARTS}


def token_values(here):
    """What the endpoint for tokens of the compatible face is asked with."""
    client, secret = here.secrets["operator"]
    return {"token_scope": ["api://any/.default"], "token_client": [client], "token_secret": [secret]}


VERSIONS = ("2023-10-01", "2024-02-29-preview")
PARTS = [
    Part("own", "own.openapi.json", extra=["--exclude-path", ENDLESS], without=LATER, stories=STORIES),
    *(Part(version, f"{version}.openapi.json", "/provapi", {"api-version": version}, lambda _: {"version": ["*"]})
      for version in VERSIONS),
    # A company's name stays as it was given.
    Part("directory", "directory.openapi.json", "", {"api-version": DIRECTORY}, lambda _: {"label": ["Contoso"]}),
    # The published contracts say nothing of the endpoint that hands out their tokens.
    Part("token", "token.openapi.json", known=token_values),
]


if __name__ == "__main__":
    sys.exit(main())
