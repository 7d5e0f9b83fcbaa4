import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** As much of an OpenID provider as a browser passes through: everybody is Ada, at once. */
export class Provider {
  readonly issuer: string;
  /** What the next token says of her. */
  roles: string[] = [];
  private readonly keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

  private constructor(private readonly server: Server) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  static async start(): Promise<Provider> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return new Provider(server);
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async answer(request: IncomingMessage, response: ServerResponse) {
    const json = (document: unknown) => {
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(document));
    };
    const url = new URL(request.url ?? "/", this.issuer);
    const { issuer } = this;
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`,
        });
      case "/keys":
        return json({ keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] });
      case "/authorize": {
        const back = new URL(url.searchParams.get("redirect_uri") ?? "");
        // The code carries what the token has to repeat.
        back.searchParams.set("code", url.searchParams.get("nonce") ?? "");
        back.searchParams.set("state", url.searchParams.get("state") ?? "");
        response.writeHead(302, { Location: back.href }).end();
        return;
      }
      case "/token": {
        let form = "";
        for await (const chunk of request) form += String(chunk);
        return json({ id_token: this.token(new URLSearchParams(form).get("code") ?? ""), token_type: "Bearer" });
      }
      default:
        response.writeHead(404).end();
    }
  }

  private token(nonce: string) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer, aud: "meetpoint", sub: "ada", name: "Ada Byron", nonce, iat: now, exp: now + 300, roles: this.roles,
    };
    const signed = `${encoded({ alg: "RS256", kid: "1" })}.${encoded(claims)}`;
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(this.keys.privateKey, "base64url")}`;
  }
}
