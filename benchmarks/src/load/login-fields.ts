// What a client says of itself in CONNECT. A signature costs the load process what it costs every client.
import { type Signer, signerFromSeed } from "@weft/jwt";
import type { Login } from "./job.ts";

const signers = new Map<string, Signer>();

function signerOf(seed: string): Signer {
  const known = signers.get(seed) ?? signerFromSeed(seed);
  if (known === undefined) throw new Error("a seed of a login is none");
  signers.set(seed, known);
  return known;
}

/** `info`: the line that the server sent first. */
export function loginFields(login: Login | undefined, info: string): Record<string, unknown> {
  if (login === undefined) return {};
  const { user, password, jwt, seed } = login;
  const named = user === undefined ? {} : { user, pass: password };
  if (seed === undefined) return { ...named, jwt };
  const nonce = /"nonce":"([^"]+)"/.exec(info)?.[1];
  if (nonce === undefined) throw new Error("the server gave no nonce");
  const signer = signerOf(seed);
  const sig = Buffer.from(signer.sign(Buffer.from(nonce))).toString("base64url");
  return jwt === undefined ? { nkey: signer.publicKey, sig } : { jwt, sig };
}
