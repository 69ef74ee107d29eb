// The callout service of the attacks: asked by the server under attack, and as bad as a case wants it.
// Must stay true: the issuer's key lives in this process only; profiles name its public half.
import { connect, type NatsConnection } from "@nats-io/transport-node";
import {
  type CalloutClaims,
  newIssuer,
  readToken,
  responseClaims,
  signToken,
  userClaims,
} from "../conformance/callout-tokens.ts";
import { secret } from "./secrets.ts";

export const ISSUER = newIssuer();
export const STRANGER = newIssuer();

export type Reply = (bytes: Uint8Array | string) => void;

export interface BadService {
  readonly requests: CalloutClaims[];
  close(): Promise<void>;
}

/** The answer that lets the client in. */
export function rightAnswer({ nats }: CalloutClaims, signer = ISSUER, account = "GUESTS"): string {
  const jwt = signToken(userClaims(nats.user_nkey, account), signer);
  return signToken(responseClaims(nats.user_nkey, nats.server_id["id"] ?? "", { jwt }), signer);
}

export async function startService(
  port: number,
  decide: (claims: CalloutClaims, reply: Reply) => void,
): Promise<BadService> {
  const connection: NatsConnection = await connect({
    port,
    user: "auth",
    pass: secret("auth"),
    reconnect: false,
  });
  const requests: CalloutClaims[] = [];
  connection.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_error, message) => {
      const claims = readToken(message.string());
      requests.push(claims);
      decide(claims, (bytes) => {
        message.respond(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
      });
    },
  });
  await connection.flush();
  return { requests, close: () => connection.close() };
}
