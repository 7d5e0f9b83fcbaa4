"""What schemathesis is told about this API: who asks on each face, and what is counted."""
import atexit
import collections
import datetime
import itertools
import json
import os
import threading
import urllib.parse
import uuid
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
# Requests come in stories, along links.
STORY = bool(os.environ.get("MEETPOINT_STORY"))


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


@schemathesis.auth(refresh_interval=None).apply_to(path_regex="^/session(/(account|tokens).*)?$")
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
# One of these is wanted, which a document cannot say of parameters and need not of fields; or, of
# those that go together, one more would seldom be the first one's.
ONE_OF = {
    "GET /programme/v1/explain/call": ("query", ["id", "call_id"]),
    "GET /tenant/v1/effective-policies": ("query", ["user_id", "number"]),
    "POST /tenant/v1/explain/call": ("body", ["from_user_id", "inbound", "from_address"]),
    "PUT /tenant/v1/policy-assignments": ("body", ["user_id", "group_id", "number"]),
    "PUT /tenant/v1/numbers/{number}/assignment": ("body", ["user_id", "resource_account_id"]),
}


# A field of a body, and the parts of a path it repeats.
SAME = {
    "name": ["accountName"], "accountName": ["accountName"], "telephoneNumber": ["telephoneNumber"],
    "tenantId": ["tenantId"],
}


def owner():
    return world.Client(HERE["base"], HERE["tokens"]["programme"])


def as_person(case, **made):
    """Asks as somebody new; answers with them."""
    person = world.Person(HERE["base"], owner(), **made)
    case.headers = case.headers or {}
    case.headers["Authorization"] = f"Bearer {person.token}"
    return person


def with_account(case):
    as_person(case)


def without_account(case):
    as_person(case, has_account=False)


def knows_password(case):
    case.body["current_password"] = as_person(case).PASSWORD


def shows_code(case):
    person = as_person(case, started=True)
    case.body["one_time_code"] = world.one_time_code(person.secret)


def shows_recovery(case):
    person = as_person(case, confirmed=True)
    case.body.update(current_password=person.PASSWORD, one_time_code=person.recovery[0])


def own_token(case):
    """A token to revoke, of whoever asks."""
    made = as_person(case, has_account=False).client.post("/session/tokens", {"name": "spare", "days": 1})
    case.path_parameters["token_id"] = made["id"]


def signs_in_outside(case):
    """Plays the browser up to where the issuer sends it back."""
    path = f"/session/oidc/{HERE['issuer']}"
    _, headers, _ = world.Client(HERE["base"]).ask("GET", path)
    sent = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(headers["Location"]).query))
    case.query = {"state": sent["state"], "code": sent["nonce"]}
    case.headers = case.headers or {}
    case.headers["Cookie"] = headers["Set-Cookie"].split(";", 1)[0]


def client_proof(case):
    """One whole proof: an assertion beside a secret would be refused."""
    for name in ("client_assertion", "client_assertion_type"):
        case.body.pop(name, None)
    case.body["client_id"], case.body["client_secret"] = HERE["owner"]


def some_key(case):
    """No document leads to a key; each has a name of its own."""
    if next(keys) % 10:
        case.body["jwk"] = {**HERE["jwk"], "kid": str(uuid.uuid4())}


def some_role(case):
    """An issuer is for the programme, or an operator, or a tenant; what goes together is together."""
    body = case.body
    for name in ("operator_id", "tenant_id", "organisation", "organisation_claim", "login_client_secret"):
        body.pop(name, None)
    body["roles"] = (body.get("roles") or [])[:100]
    for mapping in body["roles"]:
        mapping["role"] = "programme_support"


def spare_part(part, body):
    """Something of a client's to take away."""
    def prepare(case):
        client = world.spare_client(owner())
        path = f"/programme/v1/clients/{client}/{part}s"
        made = owner().post(path, body())
        case.path_parameters = {"client_id": client, f"{part}_id": made["id"]}
    return prepare


def spare_issuer(case):
    made = owner().post("/programme/v1/issuers", {
        "name": "spare", "issuer": f"https://{uuid.uuid4()}.example", "audience": "https://meetpoint.example",
        "roles": [{"value": "helps", "role": "programme_support"}],
    })
    case.path_parameters["issuer_id"] = made["id"]


def spare_user(case):
    """A person to take away, who has no number."""
    made = world.Client(HERE["base"], HERE["tokens"]["tenant"]).post("/tenant/v1/users", {
        "upn": f"spare-{uuid.uuid4().hex[:12]}@contoso.example", "display_name": "Spare", "country": "GB",
    })
    case.path_parameters["user_id"] = made["id"]


def webhooks(face):
    return world.Client(HERE["base"], HERE["tokens"][face])


def spare_webhook(face):
    """A subscription to take away: those that others are asked about stay."""
    def prepare(case):
        made = webhooks(face).post(f"/{face}/v1/webhooks", {"endpoint": HERE["hook"]})["webhook"]
        case.path_parameters["webhook_id"] = made["id"]
        case.headers = case.headers or {}
        case.headers["If-Match"] = f'"{made["version"]}"'
    return prepare


def kept_webhook(face):
    """Each face has subscriptions of its own, which parameters of one name cannot tell."""
    def prepare(case):
        if next(keys) % 10 == 0:
            return
        of_face = HERE["webhooks"][face]
        case.path_parameters["webhook_id"] = of_face[next(keys) % len(of_face)]
        if case.operation.method == "patch":
            path = f"/{face}/v1/webhooks/{case.path_parameters['webhook_id']}"
            # A request that the document does not allow may have taken it away.
            status, _, found = webhooks(face).ask("GET", path)
            case.headers = case.headers or {}
            if status == 200:
                case.headers["If-Match"] = f'"{found["version"]}"'
    return prepare


def present(face, path):
    """Names the version that the thing has by now: others have changed it since it was seen."""
    def prepare(case):
        where = path.format(**{name: urllib.parse.quote(str(value), safe="")
                               for name, value in (case.path_parameters or {}).items()})
        status, _, found = webhooks(face).ask("GET", where)
        if status == 200:
            case.headers = case.headers or {}
            case.headers["If-Match"] = f'"{found["version"]}"'
    return prepare


# What has to be done right before a request so that it can succeed: what it takes away is made,
# and what it proves is proven. In stories links do that, as far as the document can tell.
PREPARED = {
    "PATCH /operator/v1/consents/{tenant_id}": present("operator", "/operator/v1/consents/{tenant_id}"),
    "PUT /tenant/v1/numbers/{number}/assignment": present("tenant", "/tenant/v1/numbers/{number}"),
    "PUT /tenant/v1/users/{user_id}/calling-settings":
        present("tenant", "/tenant/v1/users/{user_id}/calling-settings"),
    "PUT /tenant/v1/voice-targets": present("tenant", "/tenant/v1/voice-targets"),
    "GET /session/account": with_account,
    "PUT /session/account": without_account,
    "POST /session/account/totp": knows_password,
    "POST /session/account/totp/confirm": shows_code,
    "POST /session/account/totp/remove": shows_recovery,
    "DELETE /session/tokens/{token_id}": own_token,
    "DELETE /tenant/v1/users/{user_id}": spare_user,
    "GET /session/oidc/callback": signs_in_outside,
    "POST /oauth/token": client_proof,
    "POST /oauth/revoke": client_proof,
    "POST /programme/v1/issuers": some_role,
    "POST /programme/v1/clients/{client_id}/keys": some_key,
    "DELETE /programme/v1/issuers/{issuer_id}": spare_issuer,
    "DELETE /programme/v1/clients/{client_id}/secrets/{secret_id}": spare_part("secret", dict),
    "DELETE /programme/v1/clients/{client_id}/keys/{key_id}":
        spare_part("key", lambda: {"jwk": {**HERE["jwk"], "kid": str(uuid.uuid4())}}),
}
for face in HERE["webhooks"]:
    one = f"/{face}/v1/webhooks/{{webhook_id}}"
    PREPARED[f"DELETE {one}"] = spare_webhook(face)
    for label in (
        f"GET {one}", f"PATCH {one}", f"GET {one}/deliveries",
        *(f"POST {one}/{part}" for part in ("replay", "secret", "test")),
    ):
        PREPARED[label] = kept_webhook(face)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path.endswith("/v1/events") and isinstance(case.query, dict):
        # Those that go on for ever are read for a moment only (run.py); a few are enough.
        if next(keys) % 10 and str(case.query.get("follow", True)).lower() == "true":
            case.query["follow"] = "false"
    if (case.path_parameters or {}).get("client_id") in HERE["needed"]:
        # Lists tell of them; shut out, they could ask nothing any more.
        case.path_parameters["client_id"] = HERE["spare"]
    if kind(case) != "allowed":
        return
    prepare = PREPARED.get(case.operation.label)
    if prepare and not STORY:
        prepare(case)
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key":
            case.headers[name] = f"{next(keys)}-{case.headers[name]}"[:200]
    if case.operation.label == "POST /tenant/v1/consents" and isinstance(case.body, dict):
        # Half of the time it would be false, which is a refusal of its own.
        case.body["notice_accepted"] = True
        # Made-up versions are not in force, and made-up invitations are nobody's.
        for name in ("notice_version", "terms_version", "lead_id"):
            case.body.pop(name, None)
    if isinstance(case.body, dict):
        # Each country, and each service, is named once; more of them seldom differ.
        for name in ("coverage", "activations"):
            if isinstance(case.body.get(name), list):
                del case.body[name][1:]
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
    made = case.operation.method == "post" and case.operation.path.endswith("/v1/webhooks")
    if made and response.status_code == 201 and not STORY:
        # Room for the next one.
        face = case.operation.path.split("/")[1]
        webhook = response.json()["webhook"]
        version = {"If-Match": f'"{webhook["version"]}"'}
        webhooks(face).ask("DELETE", f"{case.operation.path}/{webhook['id']}", headers=version)
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
