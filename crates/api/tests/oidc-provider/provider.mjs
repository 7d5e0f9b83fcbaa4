// A real OpenID provider at a free port of this machine. It reads its one client from the
// environment, prints its address as one line, and ends when its standard input does.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const groups = { ada: ["voice"], bob: ["desk"], eve: ["cooks"] };

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: process.env.CLIENT_ID,
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [process.env.REDIRECT_URI],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub"], profile: ["name", "groups"] },
    // Claims stand in the ID token itself, as with the directories of organisations.
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id[0].toUpperCase() + id.slice(1), groups: groups[id] ?? [] }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
