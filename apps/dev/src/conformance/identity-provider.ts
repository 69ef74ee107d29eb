// A real identity provider (`oidc-provider`) in the test's process. It gives tokens to clients that know
// their secret; what stands in them is up to the test. Test thread.
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import Provider from "oidc-provider";
import { onTestFinished } from "vitest";

export class IdentityProvider {
  readonly issuer: string;
  /** Requests for keys so far. */
  keyRequests = 0;
  isAway = false;
  #provider: Provider;

  private constructor(server: Server, port: number) {
    this.issuer = `http://127.0.0.1:${port}`;
    this.#provider = this.#create("key-1");
    server.on("request", (request, response) => {
      if (request.url === "/jwks") this.keyRequests += 1;
      if (this.isAway) response.destroy();
      else this.#provider.callback()(request, response);
    });
  }

  static async forTest(): Promise<IdentityProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const provider = new IdentityProvider(server, address.port);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return provider;
  }

  /** From now on tokens are signed by another key, and the old one is gone. */
  rotate(): void {
    this.#provider = this.#create(`key-${Date.now()}`);
  }

  /** An access token for `audience`. */
  async token(client: string, audience = "nats"): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: `Basic ${Buffer.from(`${client}:secret`).toString("base64")}`,
      },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        resource: `urn:${audience}`,
        scope: "use",
      }),
    });
    const { access_token: token } = (await response.json()) as { access_token?: string };
    if (token === undefined) throw new Error("the provider gives no token");
    return token;
  }

  #create(kid: string): Provider {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = { ...privateKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
    const groups: Readonly<Record<string, readonly string[]>> = {
      ruth: ["staff"],
      root: ["staff", "admins"],
      guest: [],
    };
    return new Provider(this.issuer, {
      jwks: { keys: [jwk] },
      scopes: ["use"],
      ttl: { ClientCredentials: 600 },
      clients: Object.keys(groups).map((name) => ({
        client_id: name,
        client_secret: "secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        scope: "use",
        id_token_signed_response_alg: "ES256",
      })),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({
            scope: "use",
            audience: resource.replace("urn:", ""),
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
            jwt: { sign: { alg: "ES256" } },
          }),
        },
      },
      extraTokenClaims: (_context: unknown, { clientId }: { clientId: string }) => ({
        groups: groups[clientId] ?? [],
      }),
      cookies: { keys: ["for tests"] },
    });
  }
}
