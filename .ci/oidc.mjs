// The test that `oidc` in this folder runs and describes.
import assert from "node:assert";
import { spawn } from "node:child_process";
import * as crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";

const { Provider } = await import(`${process.env.TOOLS}/node_modules/oidc-provider/lib/index.js`);
const AUDIENCE = "https://dossier.example";
const SCOPES = "reports:read reports:write usage:read admin";
const READY = `${process.env.TOOLS}/ready.json`;

const key = (type, options, alg, kid) => ({ ...crypto.generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), use: "sig", alg, kid });
const CLIENTS = {
  rsa: { alg: "RS256", kid: "rsa-1", tenant: "dev" },
  pss: { alg: "PS256", kid: "pss-1", tenant: "dev" },
  ec: { alg: "ES256", kid: "ec-1", tenant: "dev" },
  ed: { alg: "EdDSA", kid: "ed-1", tenant: "acme" },
};
let keys = [
  key("rsa", { modulusLength: 2048 }, "RS256", "rsa-1"),
  key("rsa", { modulusLength: 2048 }, "PS256", "pss-1"),
  key("ec", { namedCurve: "P-256" }, "ES256", "ec-1"),
  key("ed25519", {}, "EdDSA", "ed-1"),
];

const server = http.createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = () =>
  new Provider(issuer, {
    jwks: { keys },
    clients: Object.keys(CLIENTS).map((client_id) => ({ client_id, client_secret: `${client_id}-secret`, grant_types: ["client_credentials"], redirect_uris: [], response_types: [], scope: SCOPES })),
    scopes: SCOPES.split(" "),
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => AUDIENCE,
        getResourceServerInfo: async (_, audience, client) => {
          const { alg, kid } = CLIENTS[client.clientId];
          return { scope: SCOPES, audience, accessTokenTTL: 300, accessTokenFormat: "jwt", jwt: { sign: { alg, kid } } };
        },
      },
    },
    extraTokenClaims: async (_, token) => ({ tenant: CLIENTS[token.clientId].tenant }),
  }).callback();
let answer = provider();
server.on("request", (request, response) => answer(request, response));

const stack = spawn("target/debug/local-stack", ["--port", "0", "--ready-file", READY], {
  stdio: ["ignore", "ignore", "inherit"],
  env: { ...process.env, DOSSIER_LOG: "off", DOSSIER_OIDC_ISSUER: issuer, DOSSIER_OIDC_AUDIENCE: AUDIENCE },
});
async function until(what, condition) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const seen = await condition().catch(() => null);
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`timed out waiting for ${what}`);
}

async function token(client, scope, resource = AUDIENCE) {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${client}:${client}-secret`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope, resource }),
  });
  const { access_token } = await response.json();
  assert(access_token, "the provider returned no token");
  return access_token;
}

try {
  fs.rmSync(READY, { force: true });
  const { api } = await until("the stack", async () => JSON.parse(fs.readFileSync(READY, "utf8")));
  const call = async (bearer, path, options = {}) => fetch(`${api}${path}`, { ...options, headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" } });
  const status = async (bearer, path) => (await call(bearer, path)).status;

  for (const client of Object.keys(CLIENTS)) assert.strictEqual(await status(await token(client, "reports:read"), "/v1/reports"), 200, client);
  const writer = await token("rsa", "reports:write");
  assert.strictEqual(await status(writer, "/v1/reports"), 403);
  const body = JSON.stringify({ companyName: "星見川精機株式会社", corporateNumber: "1010401998301", country: "JP" });
  const made = await call(writer, "/v1/reports", { method: "POST", body });
  assert.strictEqual(made.status, 202);
  const { reportId } = await made.json();
  assert.strictEqual(await status(await token("ec", "reports:read"), `/v1/reports/${reportId}`), 200);
  assert.strictEqual(await status(await token("ed", "admin"), `/v1/reports/${reportId}`), 404, "another tenant's report");
  assert.strictEqual(await status(await token("rsa", "reports:read", "https://other.example"), "/v1/reports"), 401);
  const valid = await token("rsa", "reports:read");
  assert.strictEqual(await status(`${valid.slice(0, -4)}AAAA`, "/v1/reports"), 401);

  // The provider signs with a new key and no longer publishes the old one.
  keys = [key("rsa", { modulusLength: 2048 }, "RS256", "rsa-2"), ...keys.slice(1)];
  CLIENTS.rsa.kid = "rsa-2";
  answer = provider();
  const rotated = await token("rsa", "reports:read");
  await until("the new key", async () => (await status(rotated, "/v1/reports")) === 200);
  assert.strictEqual(await status(valid, "/v1/reports"), 401, "the old key is no longer valid");
  console.log("oidc: tokens of a real provider are accepted and rejected as expected");
} catch (error) {
  console.error(`oidc: ${error.stack}`);
  process.exitCode = 1;
} finally {
  stack.kill("SIGKILL");
  server.close();
  server.closeAllConnections();
}
