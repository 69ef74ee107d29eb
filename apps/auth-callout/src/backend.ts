// What a backend is: who decides whether somebody may log in. This file and `index.ts` are the
// documented interface for backends of your own (docs/security/auth-callout.md). Must stay true: a
// backend sees the secrets of a login and shows them to nobody; what it throws is a refusal.

/** One login that the server asks about. */
export interface Login {
  /** What the client sent; "" where it sent nothing. Secrets: never to be logged. */
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly nkey: string;
  readonly jwt: string;
  /** Signature of the nonce by `nkey`, and the nonce. */
  readonly signature: string;
  readonly nonce: string;
  /** What the client calls itself and its library. */
  readonly clientName: string;
  readonly language: string;
  readonly version: string;
  /** Address of the client, as the server sees it. */
  readonly host: string;
  /** `Client`, and below it `nats`, `mqtt`, `websocket`. */
  readonly kind: string;
  readonly type: string;
  /** Undefined without TLS. PEM; the client's own certificate first. */
  readonly tls?:
    | { readonly version: string; readonly cipher: string; readonly certificates: string[] }
    | undefined;
  readonly server: { readonly id: string; readonly name: string; readonly tags: readonly string[] };
}

/** Subjects, as in the configuration of a server. */
export interface SubjectLists {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** What somebody is let in as. */
export interface Grant {
  /** Account of the server. */
  readonly account: string;
  /** Shown by the server; what the client called itself when left out. */
  readonly name?: string | undefined;
  readonly permissions?:
    | {
        readonly publish?: SubjectLists | undefined;
        readonly subscribe?: SubjectLists | undefined;
        /** The right to answer requests: how often, and for how long. */
        readonly responses?:
          | { readonly messagesMax: number; readonly expiresMs: number }
          | undefined;
      }
    | undefined;
  readonly subscriptionsMax?: number | undefined;
  readonly payloadBytesMax?: number | undefined;
  /** Networks in CIDR form that the client may come from. */
  readonly sourceNetworks?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Unix milliseconds at which the connection ends. */
  readonly expiresAtMs?: number | undefined;
}

export type Decision =
  | { readonly kind: "grant"; readonly grant: Grant }
  /** `reason` is for the logs of this service and of the server; no secret, please. */
  | { readonly kind: "refuse"; readonly reason: string }
  /** Nothing that this backend knows: the next one is asked. */
  | { readonly kind: "pass" };

export interface Backend {
  /** For logs. */
  readonly name: string;
  /** `signal` is aborted when the server does not wait any more. */
  decide(login: Login, signal: AbortSignal): Promise<Decision>;
  /** Throws when the backend could not decide anything now. */
  check?(): Promise<void>;
  /** SIGHUP: read files again. What throws leaves everything as it was. */
  reload?(): Promise<void>;
  close?(): Promise<void>;
}

/** A failure whose message may be logged: it names no secret. Of others only the kind is. */
export class BackendProblem extends Error {}

export function refuse(reason: string): Decision {
  return { kind: "refuse", reason };
}

export const PASS: Decision = { kind: "pass" };
