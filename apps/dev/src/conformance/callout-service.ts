// An auth callout service as others would write it: `@nats-io/transport-node`, nkeys, and tokens by
// hand. Test thread. Must stay true: it does what the test says, also where that is wrong.
import type { createCurve } from "@nats-io/nkeys";
import {
  type CalloutClaims,
  type Fields,
  readToken,
  responseClaims,
  signToken,
  type TokenSigner,
  userClaims,
} from "./callout-tokens.ts";
import { type Connection, type ConnectOptions, connectForTest } from "./client-library.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export const CALLOUT_SUBJECT = "$SYS.REQ.USER.AUTH";

/** What the service makes of one request: bytes to answer with; undefined = nothing. */
export type Decide = (
  claims: CalloutClaims,
  answers: CalloutAnswers,
) => Uint8Array | string | undefined | Promise<Uint8Array | string | undefined>;

/** Ways to answer one request. */
export class CalloutAnswers {
  readonly issuer: TokenSigner;
  readonly claims: CalloutClaims;

  constructor(issuer: TokenSigner, claims: CalloutClaims) {
    this.issuer = issuer;
    this.claims = claims;
  }

  /** Lets the client in. */
  user(account: string, claims: Fields = {}): string {
    const key = this.claims.nats.user_nkey;
    return this.wrap({ jwt: signToken(userClaims(key, account, claims), this.issuer) });
  }

  error(text: string): string {
    return this.wrap({ error: text });
  }

  wrap(nats: Fields, claims: Fields = {}): string {
    const { user_nkey: key, server_id: server } = this.claims.nats;
    return signToken(responseClaims(key, server["id"] ?? "", nats, claims), this.issuer);
  }
}

export interface ServiceOptions {
  readonly login: ConnectOptions;
  readonly issuer: TokenSigner;
  /** The service's own curve key: requests come sealed. */
  readonly curve?: ReturnType<typeof createCurve> | undefined;
  readonly decide: Decide;
  /** Messages that are answered; all when undefined. */
  readonly queue?: string | undefined;
}

export interface RunningService {
  readonly connection: Connection;
  readonly requests: CalloutClaims[];
  /** Texts of the requests as they came, with the key that they were sealed by. */
  readonly raw: { readonly data: Uint8Array; readonly serverKey: string }[];
}

export async function startCallout(
  server: ServerUnderTest,
  { login, issuer, curve, decide, queue }: ServiceOptions,
): Promise<RunningService> {
  const connection = await connectForTest(server, login);
  const service: RunningService = { connection, requests: [], raw: [] };
  connection.subscribe(CALLOUT_SUBJECT, {
    ...(queue === undefined ? {} : { queue }),
    callback: (_error, message) => {
      const serverKey = message.headers?.get("Nats-Server-Xkey") ?? "";
      service.raw.push({ data: message.data, serverKey });
      const opened = curve === undefined ? message.data : curve.open(message.data, serverKey);
      const claims = readToken(Buffer.from(opened ?? []).toString());
      service.requests.push(claims);
      void answer(claims, serverKey, (data) => message.respond(data));
    },
  });
  await connection.flush();
  return service;

  async function answer(
    claims: CalloutClaims,
    serverKey: string,
    respond: (data: Uint8Array) => void,
  ): Promise<void> {
    const decided = await decide(claims, new CalloutAnswers(issuer, claims));
    if (decided === undefined) return;
    if (typeof decided !== "string") respond(decided);
    else if (curve === undefined) respond(Buffer.from(decided));
    else respond(curve.seal(Buffer.from(decided), serverKey));
  }
}
