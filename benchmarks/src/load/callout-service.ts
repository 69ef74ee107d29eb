// The callout service of the row about callouts: lets everybody in, with two signatures each. It runs
// beside the load, in a process of its own, until the driver ends it.
import {
  encodeClaims,
  newAuthorizationResponseClaims,
  newUserClaims,
  type Signer,
  signerFromSeed,
} from "@weft/jwt";
import type { CalloutServiceJob } from "./job.ts";
import { type Link, openLink } from "./link.ts";

const SUBJECT = "$SYS.REQ.USER.AUTH";
const ACCOUNT = "GUESTS";

interface Request {
  readonly nats: { readonly user_nkey: string; readonly server_id: { readonly id: string } };
}

function answerTo(token: string, issuer: Signer): string {
  const body = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  const { nats } = JSON.parse(body) as Request;
  const now = Math.floor(Date.now() / 1_000);
  const user = { ...newUserClaims(nats.user_nkey), name: "guest", audience: ACCOUNT };
  const made = encodeClaims(user, issuer, now);
  if (!made.ok) throw new Error(made.error.message);
  const fresh = newAuthorizationResponseClaims(nats.user_nkey);
  const response = {
    ...fresh,
    audience: nats.server_id.id,
    nats: { ...fresh.nats, jwt: made.token },
  };
  const answer = encodeClaims(response, issuer, now);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.token;
}

function serve(link: Link, issuer: Signer): void {
  let rest = "";
  link.receive = (chunk, length) => {
    rest += chunk.toString("latin1", 0, length);
    for (;;) {
      const end = rest.indexOf("\r\n");
      if (end < 0) return;
      const line = rest.slice(0, end);
      const sizes = /^H?MSG \S+ 1 (\S+) (?:(\d+) )?(\d+)$/.exec(line);
      if (sizes === null) {
        rest = rest.slice(end + 2);
        link.takeLine(line);
        continue;
      }
      const [, reply = "", headers = "0", total = "0"] = sizes;
      const stop = end + 2 + Number(total);
      if (rest.length < stop + 2) return;
      const answer = answerTo(rest.slice(end + 2 + Number(headers), stop), issuer);
      link.write(`PUB ${reply} ${answer.length}\r\n${answer}\r\n`);
      rest = rest.slice(stop + 2);
    }
  };
}

/** Never ends by itself; `isReady` is called when requests are answered. */
export async function runCalloutService(
  job: CalloutServiceJob,
  isReady: () => void,
): Promise<never> {
  const issuer = signerFromSeed(job.issuerSeed);
  if (issuer === undefined) throw new Error("the issuer's seed is none");
  const link = await openLink(job.target, job.login, `SUB ${SUBJECT} 1\r\n`);
  serve(link, issuer);
  isReady();
  return new Promise<never>(() => undefined);
}
