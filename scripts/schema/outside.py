"""What a running exchange calls outside: an issuer at which people sign in, and the receiving end
of webhooks. It answers on a free port of this machine.

The issuer hands out an ID token for any code; the code is the nonce that the token will have,
which whoever plays the browser reads from where it was sent.
"""
import base64
import json
import subprocess
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What the exchange is called there.
CLIENT = "meetpoint"
KEY = "the-only-key"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Outside:
    """The issuer and the endpoint, in a thread of this process."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="meetpoint-outside-")
        self.key = Path(self.folder.name) / "key.pem"
        openssl = ["openssl", "genrsa", "-out", str(self.key), "2048"]
        subprocess.run(openssl, check=True, capture_output=True)
        modulus = subprocess.run(
            ["openssl", "rsa", "-in", str(self.key), "-noout", "-modulus"],
            check=True, capture_output=True, text=True,
        ).stdout.strip().removeprefix("Modulus=")
        # 65537, as openssl takes it by itself.
        self.jwk = {"kty": "RSA", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}
        outside = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": {
                        "issuer": outside.issuer,
                        "authorization_endpoint": f"{outside.issuer}/authorize",
                        "token_endpoint": f"{outside.issuer}/token",
                        "jwks_uri": f"{outside.issuer}/keys",
                    },
                    "/keys": {"keys": [{**outside.jwk, "kid": KEY, "alg": "RS256", "use": "sig"}]},
                }
                document = documents.get(self.path)
                self.answer(200 if document else 404, document)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path != "/token":
                    return self.answer(204)
                form = dict(urllib.parse.parse_qsl(body.decode()))
                self.answer(200, {"id_token": outside.token(form.get("code", "")), "token_type": "Bearer"})

            def answer(self, status, document=None):
                body = json.dumps(document).encode() if document else b""
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, nonce):
        """An ID token (OpenID Connect Core 1.0 section 2) by RS256."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "ada", "name": "Ada Byron", "nonce": nonce,
            "iat": now, "exp": now + 300, "roles": ["helps"],
        }
        parts = ({"alg": "RS256", "kid": KEY, "typ": "JWT"}, claims)
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.key)],
            input=signed.encode(), check=True, capture_output=True,
        ).stdout
        return f"{signed}.{base64url(signature)}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()
