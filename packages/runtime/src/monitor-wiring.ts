// Puts monitoring together for one server. Control thread; loaded only where it is configured or the
// system account answers for it.
import type { AccountsSnapshot } from "@weft/accounts";
import { StaticAuthenticator } from "@weft/auth";
import { LIMITS } from "@weft/base";
import { isOperatorMode, type ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import type { QueueFacts, ServerFacts } from "@weft/monitor";
import type { TlsContextOptions } from "@weft/net";
import { systemClock } from "./clocks.ts";
import type { ConnectionRegistry } from "./connection-registry.ts";
import type { HashPool } from "./hash-pool.ts";
import type { ServerKeys } from "./identity.ts";
import type { LoginQuestions } from "./login-questions.ts";
import { LiveMonitorFacts, type OperatorDocuments } from "./monitor-facts.ts";
import { MonitorService } from "./monitor-service.ts";
import type { StepSources } from "./monitor-steps.ts";
import { RenderTurns } from "./render-turns.ts";
import { clientListener, serverIdentity } from "./server-snapshot.ts";
import type { SharedRegions } from "./shared-state.ts";
import type { SubscriptionLists } from "./subscription-lists.ts";
import type { ThreadGroup } from "./thread-group.ts";

export interface MonitorParts {
  readonly options: ServerOptions;
  readonly accounts: AccountsSnapshot;
  readonly configDigest?: string | undefined;
  readonly commandLine?: readonly string[] | undefined;
  readonly keys: ServerKeys;
  /** Of the client listener. */
  readonly port: number;
  readonly workersCount: number;
  /** Of the server: monitoring may be loaded later. */
  readonly startedUnixNanos: bigint;
  readonly regions: SharedRegions;
  readonly registry: ConnectionRegistry;
  readonly threads: ThreadGroup;
  readonly hashes: HashPool;
  readonly lists: SubscriptionLists;
  readonly log: LogSink;
  readonly operator?: OperatorDocuments | undefined;
  blockedWorkers(): readonly number[];
  readonly logins: Pick<LoginQuestions, "calloutFacts" | "moduleFacts">;
  /** Clients can connect. */
  isListening(): boolean;
}

/** What monitoring is for the rest of the server. */
export interface Monitor {
  readonly facts: LiveMonitorFacts;
  readonly sources: StepSources;
  /** Of all pages, whoever asks for them. */
  readonly turns: RenderTurns;
  readonly service: MonitorService;
  /** The rest of a reload, which cannot fail it. The listener has its own way (`service.prepare`). */
  follow(options: ServerOptions, accounts: AccountsSnapshot, configDigest: string): Promise<void>;
}

export async function createMonitor(parts: MonitorParts): Promise<Monitor> {
  const { options, accounts, registry, lists, hashes, log } = parts;
  const { startedUnixNanos } = parts;
  const server = serverFacts(parts, options, parts.configDigest ?? "", startedUnixNanos);
  const turns = new RenderTurns({
    atOnce: LIMITS.monitorPagesAtOnce,
    waitingMax: {
      http: LIMITS.monitorPagesWaitingMax,
      system: LIMITS.systemPagesWaitingMax,
      account: LIMITS.accountPagesWaitingMax,
    },
  });
  const facts = new LiveMonitorFacts(
    {
      ...parts,
      commandLine: parts.commandLine ?? [],
      callout: () => parts.logins.calloutFacts(),
      authenticationModule: () => parts.logins.moduleFacts(),
      queues: () => queuesOf(hashes, lists, turns),
      notListening: () => (parts.isListening() ? undefined : NOT_READY),
    },
    { options, accounts, server },
  );
  const sources = { registry, lists };
  const loadTls = async (from: ServerOptions): Promise<TlsContextOptions | undefined> => {
    if (from.tls === undefined) return undefined;
    const { loadTlsMaterial } = await import("./tls-material.ts");
    return loadTlsMaterial(from.tls, "monitor");
  };
  const service = new MonitorService({ facts, sources, turns, hashes, log, loadTls });
  const follow: Monitor["follow"] = async (next, nextAccounts, digest) => {
    const again = serverFacts(parts, next, digest, systemClock().unixNanos());
    facts.configure({
      options: next,
      accounts: nextAccounts,
      server: { ...again, monitoringPort: service.port },
    });
    await rememberCertificate(facts, next);
  };
  await rememberCertificate(facts, options);
  return { facts, sources, turns, service, follow };
}

/** MO-31. */
const NOT_READY = "failed to be ready for connections after 1ms: server";

function serverFacts(
  { keys, port, workersCount, startedUnixNanos }: MonitorParts,
  options: ServerOptions,
  configDigest: string,
  configLoadedUnixNanos: bigint,
): ServerFacts {
  const identity = serverIdentity(options, keys, port);
  const listener = clientListener(options);
  return {
    ...identity,
    // Unlike INFO: with `no_auth_user` too.
    authRequired:
      options.authenticationModule !== undefined ||
      isOperatorMode(options) ||
      new StaticAuthenticator(options.auth).authRequired,
    tlsRequired: listener.tls === "required",
    tlsVerify: listener.tlsVerify,
    connectUrls: identity.connectUrls ?? [],
    startedUnixNanos,
    configLoadedUnixNanos,
    configDigest,
    workersCount,
    monitoringPort: 0,
  };
}

/** MO-36: the end of the first certificate, from its file. */
async function rememberCertificate(facts: LiveMonitorFacts, { tls }: ServerOptions): Promise<void> {
  let tlsCertificateEndsMs: number | undefined;
  if (tls !== undefined) {
    const { readCertificateFiles } = await import("./certificate-files.ts");
    const { X509Certificate } = await import("node:crypto");
    const [first] = readCertificateFiles(tls).certificates;
    if (first !== undefined) {
      tlsCertificateEndsMs = Date.parse(new X509Certificate(first.certificate).validTo);
    }
  }
  facts.configure({ server: { ...facts.server, tlsCertificateEndsMs } });
}

function queuesOf(
  hashes: HashPool,
  lists: SubscriptionLists,
  turns: RenderTurns,
): ReadonlyMap<string, QueueFacts> {
  return new Map([
    ["Password hashes", { pending: hashes.waiting, inProgress: 0 }],
    ["Subscription lists", { pending: lists.waiting, inProgress: 0 }],
    // The page that shows this is one of those in progress.
    ["Monitoring pages", { pending: turns.waiting, inProgress: 0 }],
  ]);
}
