// JSON of the answers to claim requests, as the reference writes them (AC-87 to AC-90). Any thread.

/** What an answer says; the server's own description is put in when it is sent. */
export type ClaimReplyBody =
  | { readonly kind: "status"; readonly account: string; readonly message: string }
  | {
      readonly kind: "error";
      readonly account: string;
      readonly code: number;
      readonly description: string;
    }
  | { readonly kind: "list"; readonly keys: readonly string[] };

/** The reference's code for whatever goes wrong. */
export const REFERENCE_ERROR = 500;
/** Codes of refusals that the reference does not know (GP-8). */
export const REFUSAL_CODES = {
  badRequest: 400,
  untrusted: 403,
  conflict: 409,
  tooLarge: 413,
} as const;

/** `server`: the object that describes the server (SY-11). An empty account is left out. */
export function encodeClaimReply(body: ClaimReplyBody, server: object): string {
  if (body.kind === "list") return JSON.stringify({ data: body.keys, server });
  const account = body.account === "" ? {} : { account: body.account };
  if (body.kind === "status") {
    return JSON.stringify({ server, data: { ...account, code: 200, message: body.message } });
  }
  const { code, description } = body;
  return JSON.stringify({ server, error: { ...account, code, description } });
}
