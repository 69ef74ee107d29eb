// The jobs that the load process runs and the figures it gives back. Plain values: they cross a
// process boundary as JSON. Nothing here may hold a function or a buffer.

/** Where the server listens, how to log in, and which process to charge for CPU and memory. */
export interface Target {
  readonly port: number;
  readonly serverPid: number;
  /** Path of the certificate authority; when set the connection is upgraded to TLS 1.3 after INFO. */
  readonly caFile?: string | undefined;
}

/** Login of one connection; none for servers without accounts. */
export interface Login {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Seed of a user: an nkey, or with `jwt` the owner of the token. */
  readonly seed?: string | undefined;
  readonly jwt?: string | undefined;
}

export interface PublisherSpec {
  readonly login?: Login | undefined;
  /** Published in turn, all of one length. */
  readonly subjects: SubjectRange;
  readonly payloadBytes: number;
}

/** `prefix` followed by a number of fixed width, `count` of them; width 0 is the prefix alone. */
export interface SubjectRange {
  readonly prefix: string;
  readonly count: number;
  readonly width: number;
}

export interface ReceiverSpec {
  readonly login?: Login | undefined;
  readonly filter: string;
  readonly queue?: string | undefined;
  /** Index of the one publisher whose messages this receiver gets. */
  readonly publisher: number;
}

/** Subscriptions beside the flow: a standing number, and a number opened and closed per second. */
export interface Bystanders {
  readonly standing: number;
  readonly churnPerSecond: number;
}

export interface Window {
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Measures as often as the driver says, on one server and under one load. */
  readonly inTurns?: boolean | undefined;
}

export interface FlowJob extends Window {
  readonly kind: "flow";
  readonly target: Target;
  readonly publishers: readonly PublisherSpec[];
  readonly receivers: readonly ReceiverSpec[];
  readonly bystanders?: Bystanders | undefined;
}

export interface RequestsJob extends Window {
  readonly kind: "requests";
  readonly target: Target;
  readonly clients: number;
  readonly inFlight: number;
  readonly responders: number;
}

export interface RoundTripJob extends Window {
  readonly kind: "round-trip";
  readonly target: Target;
  readonly requester?: Login | undefined;
  readonly responder?: Login | undefined;
  /** Subject of the requests as the requester sees it, and as the responder does. */
  readonly requestSubject: string;
  readonly serviceSubject: string;
  /** Another connection that publishes as fast as the server takes it. */
  readonly flood: boolean;
}

export interface IdleJob {
  readonly kind: "idle";
  readonly target: Target;
  readonly connections: number;
  readonly openingAtOnce: number;
}

export interface LoginsJob extends Window {
  readonly kind: "logins";
  readonly target: Target;
  /** Used in turn. */
  readonly logins: readonly Login[];
  readonly atOnce: number;
  /** Each of those `atOnce` rests for so long after a login; undefined = not at all. */
  readonly restMs?: number | undefined;
}

/** Messages at a fixed rate, from one connection to another. */
export interface PacedJob extends Window {
  readonly kind: "paced";
  readonly target: Target;
  readonly login: Login;
  readonly perSecond: number;
}

/** A page about many connections, beside messages at a fixed rate. */
export interface LargePageJob extends Window {
  readonly kind: "large-page";
  readonly target: Target;
  readonly connections: number;
  readonly openingAtOnce: number;
  readonly perSecond: number;
  /** Where the configuration has one. */
  readonly monitorPort?: number | undefined;
}

export interface ClaimPushJob extends Window {
  readonly kind: "claim-push";
  readonly target: Target;
  readonly logins: readonly Login[];
  readonly connections: number;
  readonly system: Login;
  /** Where the token is pushed, and the token that ends all of them. */
  readonly subject: string;
  readonly token: string;
}

/** Runs until it is ended. */
export interface CalloutServiceJob extends Window {
  readonly kind: "callout-service";
  readonly target: Target;
  readonly login: Login;
  readonly issuerSeed: string;
}

export type Job =
  | FlowJob
  | RequestsJob
  | RoundTripJob
  | IdleJob
  | LoginsJob
  | PacedJob
  | LargePageJob
  | ClaimPushJob
  | CalloutServiceJob;

/**
 * What one measurement gives: `throughput` (deliveries, publishes, requests or connections per
 * second), `cpuNs` (server CPU per such), `p50Us`, `p99Us`, `bytesPerConnection`, `freshPerSecond`
 * (connections of a server that has just started), `effectMs` (from a push to the last connection
 * that it ends), `besidePerSecond` (what a second load process did meanwhile), `firstPageMs` and `pageMs`
 * (from asking for a page to its last byte), `pauseMs` (the longest that a message took beside it) and
 * `quietMs` (the same in as long a time without a page), of each the middle and the `longest...`,
 * and the load process's own share of a core.
 */
export type MetricName =
  | "throughput"
  | "cpuNs"
  | "p50Us"
  | "p99Us"
  | "bytesPerConnection"
  | "freshPerSecond"
  | "effectMs"
  | "besidePerSecond"
  | "firstPageMs"
  | "pageMs"
  | "longestPageMs"
  | "pauseMs"
  | "longestPauseMs"
  | "quietMs"
  | "longestQuietMs"
  | "generatorCores"
  | "serverCores";

export type Figures = Partial<Record<MetricName, number>>;

export type JobReply =
  /** What runs beside others can be used now; of a job in turns, the next can begin. */
  | { readonly ready: true }
  /** One turn is over. */
  | { readonly turn: Figures }
  | { readonly figures: Figures }
  | { readonly error: string };

/** To a job in turns that is ready. */
export interface TurnOrder {
  /** False = no more. */
  readonly goesOn: boolean;
}
