"""What schemathesis is told about this API: who asks on each face, and what is counted."""
import atexit
import collections
import json
import os
import threading
from pathlib import Path

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


@schemathesis.auth().apply_to(path_regex="^/tenant/")
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
                reasons[case.operation.label][f"{document['code']} {document.get('field')}"] += 1
            except (ValueError, KeyError, TypeError):
                reasons[case.operation.label][str(response.status_code)] += 1


@atexit.register
def tell():
    Path(os.environ["MEETPOINT_ANSWERS"]).write_text(json.dumps({"answers": answers, "refused": reasons}))
