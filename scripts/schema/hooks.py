"""What schemathesis is told about this API: who asks on each face, and what is counted."""
import atexit
import collections
import datetime
import itertools
import json
import os
import threading
from pathlib import Path
from urllib.parse import unquote

import schemathesis

import world

HERE = json.loads(Path(os.environ["MEETPOINT_WORLD"]).read_text())
# Answers by operation, kind of request and status. Only requests that the document allows
# count toward the share that must succeed.
answers = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
reasons = collections.defaultdict(collections.Counter)
lock = threading.Lock()


class Face:
    """Asks with the token of a face."""

    face = None

    def get(self, case, context):
        return HERE["tokens"][self.face]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth().apply_to(path_regex="^/programme/")
class Programme(Face):
    face = "programme"


@schemathesis.auth().apply_to(path_regex="^/operator/")
class Operator(Face):
    face = "operator"


@schemathesis.auth().apply_to(path_regex="^/(tenant|operatorconnect)/")
class Tenant(Face):
    face = "tenant"


@schemathesis.auth().apply_to(path_regex="^/edge/")
class Edge(Face):
    face = "edge"


@schemathesis.auth().apply_to(path_regex="^/(accounts?|numbers|teamsRequestsForInformation)")
class Compatible(Face):
    face = "compatible"


@schemathesis.auth(refresh_interval=None).apply_to(path="/session")
class Session(Face):
    """A session that is ended must not take another test's token with it."""

    def get(self, case, context):
        client_id, secret = HERE["owner"]
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return world.Client(HERE["base"]).ask("POST", "/oauth/token", form=form)[2]["access_token"]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Says what a client of ours sends: a bearer token, whatever grant it came by.

    Without it the check of ignored authentication would take away the cookie alone.
    """
    if "components" in raw_schema:
        schemes = raw_schema["components"].get("securitySchemes", {})
        bearer = {"type": "http", "scheme": "bearer"}
    else:
        schemes = raw_schema.get("securityDefinitions", {})
        bearer = {"type": "apiKey", "in": "header", "name": "Authorization"}
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = bearer


# A key that came before asks for the answer that came before, which hides what this request is about.
keys = itertools.count()
# Exactly one of these is wanted, which a document cannot say of parameters and need not of fields.
ONE_OF = {
    "GET /programme/v1/explain/call": ("query", ["id", "call_id"]),
    "POST /tenant/v1/explain/call": ("body", ["from_user_id", "inbound", "from_address"]),
    "PUT /tenant/v1/policy-assignments": ("body", ["user_id", "group_id", "number"]),
    "PUT /tenant/v1/numbers/{number}/assignment": ("body", ["user_id", "resource_account_id"]),
}


# A field of a body, and the parts of a path it repeats.
SAME = {
    "name": ["accountName"], "accountName": ["accountName"], "telephoneNumber": ["telephoneNumber"],
    "tenantId": ["tenantId"],
}


@schemathesis.hook
def before_call(context, case, kwargs):
    if kind(case) != "allowed":
        return
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key":
            case.headers[name] = f"{next(keys)}-{case.headers[name]}"[:200]
    if case.operation.label == "POST /tenant/v1/consents" and isinstance(case.body, dict):
        # Half of the time it would be false, which is a refusal of its own.
        case.body["notice_accepted"] = True
    accounts = HERE["accounts"]
    if case.operation.label == "DELETE /accounts/{accountName}":
        # The account that has numbers stays: others are asked about it.
        case.path_parameters["accountName"] = accounts[1 + next(keys) % (len(accounts) - 1)]
    # A request is repeatable by both headers, lately sent; the same id would ask for the first answer.
    repeatable = [name for name in case.headers or {} if name.lower().startswith("repeatability-")]
    if repeatable:
        case.headers["Repeatability-Request-ID"] = f"request-{next(keys)}"
        case.headers["Repeatability-First-Sent"] = datetime.datetime.now(datetime.UTC).isoformat()
    # What the path of the compatible face names, its body names too.
    body, path = case.body, case.path_parameters or {}
    if isinstance(body, dict):
        for field, names in SAME.items():
            named = next((unquote(str(path[name])) for name in names if name in path), None)
            if named is not None and field in body:
                body[field] = named
        for number in body.get("numbers") or []:
            if isinstance(number, dict) and "accountName" in number and "accountName" in path:
                number["accountName"] = unquote(str(path["accountName"]))
    place, names = ONE_OF.get(case.operation.label, (None, []))
    holder = getattr(case, place) if place else None
    if isinstance(holder, dict):
        present = [name for name in names if holder.get(name)]
        kept = present[next(keys) % len(present)] if present else None
        for name in names:
            if name != kept:
                holder.pop(name, None)


def kind(case):
    """Whether the document allows the request: as written, by chance, or not."""
    meta = case.meta
    return "allowed" if meta is None or meta.generation.mode.is_positive else "wrong"


@schemathesis.hook
def after_call(context, case, response):
    with lock:
        answers[case.operation.label][kind(case)][response.status_code] += 1
        if kind(case) == "allowed" and response.status_code >= 400:
            try:
                document = response.json()
                document = document["error"] if isinstance(document.get("error"), dict) else document
                reasons[case.operation.label][f"{document['code']} {document.get('field') or document.get('target')}"] += 1
            except (ValueError, KeyError, TypeError):
                reasons[case.operation.label][str(response.status_code)] += 1


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """What is no fault: a removed consent stays, as `Removed`; and what the contracts' schemas
    say and their words do not."""
    if type(failure).__name__ == "UseAfterFree" and case.operation.path.startswith("/tenant/v1/consents"):
        return False
    # An answer without content has no type, though one is named for all answers.
    if type(failure).__name__ == "MissingContentType" and response.status_code == 204:
        return False
    # "Without services, Operator Connect is meant": they are required in name only. What may be
    # left out may also be null.
    old_number = case.operation.path.startswith("/account/")
    optional = ("Incorrect type", "required property: services")
    of_details = "details -> " in failure.message
    return not (old_number and of_details and any(what in failure.message for what in optional))


@atexit.register
def tell():
    Path(os.environ["MEETPOINT_ANSWERS"]).write_text(json.dumps({"answers": answers, "refused": reasons}))
