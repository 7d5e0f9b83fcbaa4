"""A running exchange with something of everything in it, seeded over its API.

Two operators, two tenants, consents, numbers that are free, assigned and
unknown, people, a queue, calls, files of calls, an edge with an alarm, an
issuer, webhooks and a credential for each face. What was made is told as
`values`, by the name of the parameter or field that wants it.
"""
import base64
import hashlib
import hmac
import json
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import outside

# Microseconds since 1970 UTC.
BEGUN = 1_750_000_000_000_000


class Refused(Exception):
    """An answer that the seed did not expect."""


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is the answer."""

    def redirect_request(self, *_):
        return None


def one_time_code(secret):
    """The code of now (RFC 6238) of a secret in base 32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1)
    at = digest[19] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 1_000_000:06}"


def spare_client(owner):
    """A client that nobody needs; its id."""
    return owner.post("/programme/v1/clients", {"name": "spare", "role": "programme_support"})["client_id"]


class Person:
    """Somebody with an account of their own, as far along with the second factor as is wanted."""

    PASSWORD = "a quite long password"

    def __init__(self, base, owner, has_account=True, started=False, confirmed=False):
        made = owner.post("/programme/v1/clients", {"name": "person", "role": "programme_support"})
        form = {"grant_type": "client_credentials", "client_id": made["client_id"],
                "client_secret": made["client_secret"]}
        self.token = Client(base).ask("POST", "/oauth/token", form=form)[2]["access_token"]
        self.client = Client(base, self.token)
        if has_account:
            login = f"{uuid.uuid4()}@contoso.example"
            self.client.made("PUT", "/session/account", {"login": login, "password": self.PASSWORD})
        if started or confirmed:
            self.secret = self.client.post("/session/account/totp", {"current_password": self.PASSWORD})["secret"]
        if confirmed:
            path = "/session/account/totp/confirm"
            self.recovery = self.client.post(path, {"one_time_code": one_time_code(self.secret)})["recovery_codes"]


class Client:
    """Asks with one token."""

    opener = urllib.request.build_opener(Unfollowed)

    def __init__(self, base, token=None):
        self.base, self.token = base, token

    def ask(self, method, path, body=None, headers=(), form=None):
        """Status, headers and document of an answer."""
        data, sent = None, dict(headers)
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        elif body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, data, sent, method=method)
        try:
            with self.opener.open(request, timeout=30) as answer:
                status, headers, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read()
        is_json = "json" in (headers["Content-Type"] or "")
        return status, headers, json.loads(text) if text and is_json else None

    def made(self, method, path, body=None, headers=()):
        """The document of a success."""
        status, _, document = self.ask(method, path, body, headers)
        if status >= 300:
            raise Refused(f"{method} {path} {json.dumps(body)}: {status} {document}")
        return document

    def post(self, path, body=None):
        return self.made("POST", path, body)


class World:
    """`meetpoint serve` on a free port with a folder of its own, and what is in it."""

    def __init__(self, program, database_url=None):
        self.folder = tempfile.TemporaryDirectory(prefix="meetpoint-schema-")
        folder = Path(self.folder.name)
        self.log = folder / "log"
        command = [program, "serve", "--no-edge", "--listen", "127.0.0.1:0"]
        # The client asks as fast as it can; what limits do is tried elsewhere.
        command += ["--requests-per-minute", "100000000", "--data-dir", str(folder / "data")]
        command += ["--webhook-allow", "127.0.0.0/8"]
        if database_url:
            command += ["--database-url", database_url]
        self.outside = self.process = None
        try:
            self.outside = outside.Outside()
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(command, stdout=log, stderr=log)
            self.base = self.told(r"API and page: (http://[^/\s]+)")
            owner = self.told(r"client id:\s+(\S+)"), self.told(r"client secret:\s+(\S+)")
            self.secrets = {"programme": owner}
            self.tokens = {"programme": self.token("programme")}
            self.owner = Client(self.base, self.tokens["programme"])
            self.values, self.webhooks = {}, {}
            self.seed()
        except BaseException:
            self.stop()
            raise

    def told(self, pattern):
        """What the program says on its way up."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            text = self.log.read_text(errors="replace")
            found = re.search(pattern, text)
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit(f"schema: meetpoint did not come up:\n{self.log.read_text(errors='replace')}")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)
        if self.outside:
            self.outside.stop()
        self.folder.cleanup()

    def token(self, face):
        """A new token of `/oauth/token`."""
        client_id, secret = self.secrets[face]
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return Client(self.base).ask("POST", "/oauth/token", form=form)[2]["access_token"]

    def compatible_token(self):
        """A token of the retired service's endpoint."""
        client_id, secret = self.secrets["operator"]
        form = {
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
            "scope": "https://retired.example/.default",
        }
        path = f"/{uuid.UUID(int=1)}/oauth2/v2.0/token"
        return Client(self.base).ask("POST", path, form=form)[2]["access_token"]

    def client(self, face, role, **of):
        """A client of a face, signed in."""
        made = self.owner.post("/programme/v1/clients", {"name": f"{face} client", "role": role, **of})
        self.secrets[face] = (made["client_id"], made["client_secret"])
        self.tokens[face] = self.token(face)
        return Client(self.base, self.tokens[face])

    def keep(self, name, *values):
        self.values.setdefault(name, []).extend(values)

    def operator(self, name, first, last, countries):
        """An operator with two trunks, a profile, a range and an offer."""
        made = self.owner.post("/programme/v1/operators", {"name": name})
        path = f"/programme/v1/operators/{made['id']}"
        trunks = []
        for index in (1, 2):
            octet = 10 * len(self.values.get("operator_id", [])) + index
            trunks.append(self.owner.post(f"{path}/trunks", {
                "fqdn": f"sbc{index}.{name.lower()}.example", "address": f"192.0.2.{octet}:5060",
            })["id"])
        profile = self.owner.post(f"{path}/calling-profiles", {"name": "default", "trunk_ids": trunks})
        self.owner.post(f"{path}/ranges", {"first": first, "last": last})
        self.owner.made("PUT", f"{path}/offer", {
            "services": ["Calling"], "countries": countries, "published": True,
            "landing_page": f"https://{name.lower()}.example/",
        })
        self.keep("operator_id", made["id"])
        return made["id"], trunks, profile["id"]

    def seed(self):
        self.words()
        northwind, trunks, profile = self.operator("Northwind", "+442079460000", "+442079469999", ["GB"])
        self.operator("Fabrikam", "+493012340000", "+493012349999", ["DE", "GB"])
        # No number is ever of these, so that consents to them can be removed.
        spare = [
            self.operator(f"Spare{index}", f"+4416320{index}0000", f"+4416320{index}0999", ["GB"])[0]
            for index in range(8)
        ]
        # Most parts of an operator are the first one's.
        self.keep("operator_id", *[northwind] * 10)
        # Trunks and profiles are of the operator that paths name most often.
        self.keep("trunk_id", *trunks)
        self.keep("calling_profile_id", profile)
        tenants = [
            self.owner.post("/programme/v1/tenants", {"name": name, "domain": f"{name.lower()}.example"})["id"]
            for name in ("Contoso", "Adatum")
        ]
        self.keep("tenant_id", *tenants)
        operator = self.client("operator", "operator_admin", operator_id=northwind)
        tenant = self.client("tenant", "tenant_admin", tenant_id=tenants[0])
        other = self.client("other", "tenant_admin", tenant_id=tenants[1])
        edge = self.client("edge", "edge")
        consent = {
            "operator_id": northwind, "countries": ["GB"], "company_name": "Contoso",
            "company_size": "L50_U249", "notice_accepted": True,
            "contacts": [{"full_name": "Terry Telecom", "email": "terry@contoso.example"}],
        }
        for who in (tenant, other):
            who.post("/tenant/v1/consents", consent)
        for operator_id in spare:
            tenant.post("/tenant/v1/consents", {**consent, "operator_id": operator_id})
        address = tenant.post("/tenant/v1/civic-addresses", {
            "company_name": "Contoso", "country": "GB", "house_number": "1",
            "street_name": "High Street", "city_or_town": "London",
            "latitude": "51.5", "longitude": "-0.1",
        })
        self.keep("civic_address_id", address["id"])
        self.keep("location_id", address["default_location_id"])
        for who, count in ((tenant, 12), (other, 1)):
            for index in range(count):
                made = who.post("/tenant/v1/civic-addresses", {
                    "company_name": f"Branch {index}", "country": "GB", "latitude": "53.5", "longitude": "-2.2",
                })
                if who is tenant:
                    self.keep("civic_address_id", made["id"])
        people = [
            tenant.post("/tenant/v1/users", {
                "upn": f"{name}@contoso.example", "display_name": name.title(), "country": "GB",
                "licences": ["teams_phone"],
            })["id"]
            for name in ("alice", "bob", "carol", *(f"guest{index}" for index in range(12)))
        ]
        self.keep("user_id", *people)
        queue = tenant.post("/tenant/v1/resource-accounts", {
            "upn": "sales@contoso.example", "display_name": "Sales", "kind": "call_queue",
            "licences": ["resource_account"], "agent_ids": people[:2],
        })
        self.keep("resource_account_id", queue["id"])
        for index in range(12):
            settings = {"kind": "OnlineDialOutPolicy", "allowed": "Domestic"}
            policy = tenant.post("/tenant/v1/policies", {"name": f"Policy {index}", "settings": settings})
            self.keep("policy_id", policy["id"])
            self.keep("group_id", tenant.post("/tenant/v1/groups", {"name": f"Group {index}"})["id"])
        for index in range(12):
            made = tenant.post("/tenant/v1/gateways", {
                "fqdn": f"gateway{index}.contoso.example", "address": f"203.0.113.{index + 1}:5060", "country": "GB",
            })
            self.keep("gateway_id", made["id"])
        for index in range(8):
            made = tenant.post("/tenant/v1/conference-bridges", {
                "name": f"Bridge {index}", "gateway_ids": self.values["gateway_id"][-1:],
            })
            self.keep("conference_bridge_id", made["id"])
        own = [f"+4420796000{index:02}" for index in range(8)]
        tenant.post("/tenant/v1/direct-routing-numbers", {
            "entries": [{"number": number, "usage": "ConferenceAssignment"} for number in own],
        })
        self.keep("number", *own)
        self.keep("language", "en-GB", "fr-FR", "de-DE", "es-419", "zh-Hant-TW", "it")
        self.keep("pstn_usage", "Local")
        tenant.made("PUT", "/tenant/v1/voice-routing", {"online_pstn_usages": ["Local"]}, {"If-Match": '"0"'})
        numbers = [f"+4420794600{index:02}" for index in range(90)]
        order = self.order(operator, tenants[0], profile, address["default_location_id"], numbers[:20])
        self.keep("order_id", order)
        # Not those of an account: each face has its own.
        self.keep("number", *numbers[:22])
        for user, number in zip(people[:7], numbers):
            tenant.made("PUT", f"/tenant/v1/numbers/{number}/assignment", {"user_id": user})
        self.accounts(tenants[0], numbers[30:])
        self.calls(edge, tenants[0], northwind, people[0], numbers[0], trunks[0])
        for who, face in ((tenant, "tenant"), (operator, "operator")):
            self.keep("export_id", *(self.export(who, face) for _ in range(3)))
        for who, face in ((tenant, "tenant"), (operator, "operator"), (self.owner, "programme")):
            for _ in range(4):
                made = who.post(f"/{face}/v1/webhooks", {"endpoint": f"{self.outside.issuer}/hook"})
                self.webhooks.setdefault(face, []).append(made["id"])
                self.keep("webhook_id", made["id"])
        self.keep("issuer_id", self.issuer()["id"])
        # Not those of the faces: whoever is named may be shut out.
        self.keep("client_id", *(spare_client(self.owner) for _ in range(12)))

    def export(self, who, face):
        """A file of calls; its record's id."""
        asked = {"from": self.values["from"][0], "to": self.values["to"][0], "format": "csv"}
        status, headers, _ = who.ask("POST", f"/{face}/v1/call-exports", asked)
        if status != 200:
            raise Refused(f"a file of calls: {status}")
        return headers["Location"].rsplit("/", 1)[1]

    def issuer(self):
        """The issuer at which people sign in."""
        return self.owner.post("/programme/v1/issuers", {
            "name": "Outside", "issuer": self.outside.issuer, "audience": "https://meetpoint.example",
            "roles": [{"value": "helps", "role": "programme_support"}], "login_client_id": outside.CLIENT,
        })

    def accounts(self, tenant, numbers):
        """Accounts of the compatible face, the first with numbers."""
        self.tokens["compatible"] = self.compatible_token()
        client = Client(self.base, self.tokens["compatible"])
        names = self.account_names = [f"Account-{index}" for index in range(12)]
        for name in names:
            client.made("PUT", f"/provapi/accounts/{name}?api-version=2024-02-29-preview", {
                "name": name, "serviceDetails": {
                    "teamsTenantId": tenant, "teamsOperatorConnect": {"enabled": True, "syncEnabled": True},
                },
            })
        operator_connect = {"enabled": True, "configuration": {
            "usage": "CallingUserAssignment", "choosableCapabilities": ["InboundCalling", "OutboundCalling"],
        }}
        path = f"/provapi/accounts/{names[0]}:createOrUpdateNumbers?api-version=2024-02-29-preview"
        client.post(path, {"numbers": [
            {
                "telephoneNumber": number, "accountName": names[0],
                "serviceDetails": {"teamsOperatorConnect": operator_connect},
            }
            for number in numbers
        ]})
        # Most requests are about the account that has numbers.
        self.keep("account", *[names[0]] * 12, *names[1:], "Account-new")
        self.keep("held", *numbers)

    def order(self, operator, tenant, profile, location, numbers):
        """Uploads numbers and waits until they are there."""
        order = operator.post("/operator/v1/number-orders", {
            "kind": "upload", "tenant_id": tenant, "calling_profile_id": profile,
            "usage": "CallingUserAssignment", "location_id": location,
            "allow_tenant_address_update": True, "entries": [{"number": number} for number in numbers],
        })["id"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = operator.made("GET", f"/operator/v1/number-orders/{order}")
            if now["finished_at"]:
                if now["status"] != "success":
                    raise Refused(f"the seed's order failed: {now}")
                return order
            time.sleep(0.02)
        raise Refused(f"the seed's order is not done: {now}")

    def calls(self, edge, tenant, operator, user, number, trunk):
        """Calls as an edge tells them, and an alarm of that edge."""
        edge_id = str(uuid.uuid4())
        self.keep("edge_id", edge_id)
        records = []
        for index in range(3):
            call = str(uuid.uuid4())
            self.keep("call_id", call)
            at = BEGUN + index * 60_000_000
            records.append({"id": call, "edge": edge_id, "event": {
                "event": "begin", "at_us": at, "kind": "outbound", "tenant": tenant, "number": number,
                "operator": operator, "caller": number, "callee": "+441632960123", "caller_user": user,
                "callee_user": None, "queue": None, "in_trunk": None, "call_id": f"a{index}@phone.example",
            }})
            records.append({"id": call, "edge": edge_id, "event": {
                "event": "answer", "at_us": at + 2_000_000, "user": None, "out_trunk": trunk,
                "call_id": f"b{index}@northwind.example",
            }})
            records.append({"id": call, "edge": edge_id, "event": {
                "event": "end", "at_us": at + 9_000_000, "answered_at_us": at + 2_000_000, "sip_code": 200,
                "reason": "normal", "hung_up_by": "caller",
                "attempts": [{"trunk": trunk, "sip_code": 200, "ms": 40}],
            }})
        edge.post("/edge/v1/cdrs", {"records": records})
        for known in (edge_id, *(str(uuid.uuid4()) for _ in range(12))):
            edge.post("/edge/v1/events", {"edge": known, "started_at_us": BEGUN, "alarms": [{
                "id": str(uuid.uuid4()), "code": "trunk_down", "severity": "critical", "subject": trunk,
                "detail": "no answer to OPTIONS", "raised_at_us": BEGUN,
            }]})
            if known != edge_id:
                self.keep("edge_id", known)

    def words(self):
        """Values that the document alone does not lead to: names of things, and what must be unique."""
        self.keep("label", *(f"Ægir & Søn {index}" for index in range(400)))
        self.keep("dns_name", *(f"host{index}.tailspin.example" for index in range(400)))
        self.keep("upn", *(f"person{index}@contoso.example" for index in range(400)))
        self.keep("address", *(f"198.51.100.{index}:5060" for index in range(1, 250)), "[2001:db8::1]:5060")
        self.keep("host", *(f"203.0.113.{index}" for index in range(1, 250)))
        self.keep("first", *(f"+4416329{index}0000" for index in range(10)))
        self.keep("last", *(f"+4416329{index}0999" for index in range(10)))
        self.keep("latitude", "51.5", "-0.125", "12")
        self.keep("pattern", r"^(\d{4})$", r"^\+1900(\d*)$", "^9(.*)$")
        self.keep("translation", "+44207946$1", "$1")
        self.keep("country", "GB")
        self.keep("email", "terry@contoso.example")
        self.keep("company_size", "L50_U249")
        self.keep("service", "Calling", "AudioConferencing")
        self.keep("page", "https://tailspin.example/")
        self.keep("licence", "teams_phone", "resource_account")
        self.keep("alarm", "trunk_down", "emergency_call", "overload")
        self.keep("version", '"1"', '"1"', '"2"')
        self.keep("filter", "startswith(telephoneNumber, '+44')", "name eq 'Account-0'", "country eq 'GB'")
        self.keep("request_id", *(str(uuid.uuid4()) for _ in range(8)))
        self.keep("other_version", '"none"')
        self.keep("long_ago", "1994-11-06T08:49:37Z")
        self.keep("long_hence", "2094-11-06T08:49:37Z")
        self.keep("small", 1, 5, 20)
        self.keep("usage", "CallingUserAssignment", "FirstPartyAppAssignment")
        self.keep("from", "2025-06-01T00:00:00Z", "2025-06-10T12:00:00Z")
        self.keep("to", "2025-07-01T00:00:00Z", "2025-08-01T00:00:00Z")
        self.keep("file_format", "csv", "parquet")
        self.keep("hook", *(f"{self.outside.issuer}/hook/{index}" for index in range(20)))
        self.keep("event_type", "consent.changed", "numbers.changed")
        self.keep("issuer", *(f"https://login{index}.example" for index in range(400)))
        self.keep("role", "programme_support", "programme_owner")
        self.keep("days", 1, 30, 366)
        self.keep("milliseconds", 0, 9000, 60000)
        self.keep("login", *(f"login{index}@contoso.example" for index in range(400)))
        self.keep("password", *(f"correct horse battery staple {index}" for index in range(20)))
        self.keep("token_client", self.secrets["programme"][0])
        self.keep("token_secret", self.secrets["programme"][1])
        self.keep("token_scope", "programme.read", "programme.read programme.write")
