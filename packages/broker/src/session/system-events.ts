// What the system account is told of the connections of this worker: they came, went, were refused
// (SY-01, SY-02, SY-07). Owned by the worker's core. Must stay true: where nobody listens nothing is
// made, and an event never waits: what finds a lane full spills, like every message of the broker's
// own.
import { type AccountSnapshot, SYSTEM_ACCOUNT_INDEX } from "@weft/accounts";
import {
  connectEvent,
  disconnectEvent,
  EVENT_SUBJECTS,
  type EventClient,
  type EventStamp,
  eventId,
  type ServerFacts,
} from "@weft/control";
import { subjectFromText } from "@weft/subjects";
import { fillMessage, planReachesSomebody } from "../internal/internal-message.ts";
import type { BrokerDependencies, BrokerSnapshot, ServerIdentity } from "../ports.ts";
import type { ContextTable, PublishContext } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import { hashSubject } from "../publish/plan-compiler.ts";
import type { Publisher } from "../publish/publisher.ts";
import { roundTripNanosOf } from "./client-description.ts";
import type { ClientSession } from "./client-session.ts";
import { tlsLabels, tokenLabels } from "./connection-facts.ts";
import { proxyOf } from "./proxied.ts";
import type { OwnTrace } from "./trace-lines.ts";

const NO_HEADER = Buffer.alloc(0);

/** What events need beside the plans. */
interface SystemEventsDependencies
  extends Pick<
    BrokerDependencies,
    "clock" | "entropy" | "counters" | "log" | "hashSeed" | "bus" | "nextEventSequence"
  > {
  /** Shows what is published here for the server itself. */
  readonly trace: OwnTrace;
}

/** A subject with what finding its plan needs. */
interface ReadySubject {
  readonly bytes: Buffer;
  readonly hash: number;
}

/** Of one account. */
interface AccountSubjects {
  readonly connect: ReadySubject;
  readonly disconnect: ReadySubject;
}

export class SystemEvents {
  readonly #dependencies: SystemEventsDependencies;
  readonly #accounts: readonly AccountSnapshot[];
  readonly #publisher: Publisher;
  readonly #contexts: ContextTable;
  readonly #context: PublishContext;
  readonly #server: ServerFacts;
  /** By account index, made when the account is first used. */
  readonly #subjects: (AccountSubjects | undefined)[] = [];
  readonly #authError: ReadySubject;
  readonly #accountAuthError: ReadySubject;
  readonly #message = new MessageView();

  constructor(
    { accounts, server }: BrokerSnapshot,
    dependencies: SystemEventsDependencies,
    publisher: Publisher,
    contexts: ContextTable,
  ) {
    this.#dependencies = dependencies;
    this.#accounts = accounts.accounts;
    this.#publisher = publisher;
    this.#contexts = contexts;
    this.#context = contexts.internal(SYSTEM_ACCOUNT_INDEX);
    this.#server = serverFacts(server);
    this.#authError = this.#ready(EVENT_SUBJECTS.authError(server.id));
    this.#accountAuthError = this.#ready(EVENT_SUBJECTS.accountAuthError);
    this.#message.sourceThread = dependencies.bus.threadIndex;
  }

  /** SY-01: the session has logged in by CONNECT. */
  connected(session: ClientSession): void {
    const { connect } = this.#subjectsOf(session);
    if (!this.#isWanted(this.#context, connect)) return;
    this.#publish(this.#context, (stamp) =>
      connectEvent(this.#server, this.#client(session), stamp),
    );
  }

  /** SY-02. A session that never logged in counts as one of `$G`. */
  disconnected(session: ClientSession): void {
    const { disconnect } = this.#subjectsOf(session);
    if (!this.#isWanted(this.#context, disconnect)) return;
    this.#publishEnd(session, this.#context, session.closedReason ?? "Unknown State");
  }

  /**
   * SY-07: its login was refused; `cause` is for the operator alone (GP-5). An account that it was in
   * before is told, too; who never was in any is nobody's business but the operator's (the reference
   * tells all users of `$G`).
   */
  refused(session: ClientSession, reason: string, cause: string): void {
    if (this.#isWanted(this.#context, this.#authError)) {
      this.#publishEnd(session, this.#context, reason, cause);
    }
    if (session.account < 0) return;
    const own = this.#contexts.internal(session.account);
    if (this.#isWanted(own, this.#accountAuthError)) this.#publishEnd(session, own, reason);
  }

  /** AN-75: a callout service refused it; the account of the service is told why. */
  refusedByService(session: ClientSession, account: number, reason: string): void {
    const context = this.#contexts.internal(account);
    if (this.#isWanted(context, this.#accountAuthError)) this.#publishEnd(session, context, reason);
  }

  #publishEnd(
    session: ClientSession,
    context: PublishContext,
    reason: string,
    cause?: string | undefined,
  ): void {
    const { inMessages, inBytes, outbox } = session;
    const traffic = {
      inMessages,
      inBytes,
      outMessages: outbox.messages,
      outBytes: outbox.payloadBytes,
    };
    this.#publish(context, (stamp) =>
      disconnectEvent(this.#server, this.#client(session), traffic, reason, stamp, cause),
    );
  }

  /** Points the message at the subject; true if somebody would get it. */
  #isWanted(context: PublishContext, { bytes, hash }: ReadySubject): boolean {
    const message = this.#message;
    message.subject = bytes;
    message.subjectStart = 0;
    message.subjectEnd = bytes.length;
    message.hash = hash;
    return planReachesSomebody(this.#publisher.planFor(context, message, 0));
  }

  #publish(context: PublishContext, document: (stamp: EventStamp) => object): void {
    const { clock, entropy, counters, log, nextEventSequence, trace } = this.#dependencies;
    const stamp = { sequence: nextEventSequence(), at: clock.unixNanos(), id: eventId(entropy) };
    const body = Buffer.from(JSON.stringify(document(stamp)), "utf8");
    fillMessage(this.#message, NO_HEADER, body);
    counters.systemEvents += 1;
    if (trace.isOn) {
      trace.published(log, this.#message.subject.toString("latin1"), NO_HEADER, body);
    }
    this.#publisher.publishAs(context, this.#message, 0);
  }

  #client(session: ClientSession): EventClient {
    const { facts, connectOptions } = session;
    const account = this.#accounts[Math.max(0, session.account)];
    return {
      clientId: session.clientId,
      startedUnixMs: session.startedUnixMs,
      address: session.transport.remoteAddress,
      account: account?.name ?? "",
      user: session.user || (connectOptions?.user ?? ""),
      // What was asked for, where the login was refused.
      name: facts.name || (connectOptions?.name ?? ""),
      language: facts.language || (connectOptions?.lang ?? ""),
      version: facts.version || (connectOptions?.version ?? ""),
      roundTripNanos: Math.round(roundTripNanosOf(session)),
      token: tokenLabels(session),
      tls: tlsLabels(session),
      proxy: proxyOf(session),
    };
  }

  #subjectsOf(session: ClientSession): AccountSubjects {
    const index = Math.max(0, session.account);
    const known = this.#subjects[index];
    if (known !== undefined) return known;
    const name = subjectFromText(this.#accounts[index]?.name ?? "");
    const made = {
      connect: this.#ready(EVENT_SUBJECTS.connect(name)),
      disconnect: this.#ready(EVENT_SUBJECTS.disconnect(name)),
    };
    this.#subjects[index] = made;
    return made;
  }

  #ready(subject: string): ReadySubject {
    const bytes = Buffer.from(subject, "latin1");
    return { bytes, hash: hashSubject(bytes, 0, bytes.length, this.#dependencies.hashSeed) };
  }
}

/** Undefined without a system account. */
export function createSystemEvents(
  snapshot: BrokerSnapshot,
  dependencies: SystemEventsDependencies,
  publisher: Publisher,
  contexts: ContextTable,
): SystemEvents | undefined {
  if (!snapshot.accounts.hasSystemAccount) return undefined;
  return new SystemEvents(snapshot, dependencies, publisher, contexts);
}

/** Who the server is, in the words of its events. */
export function serverFacts(server: ServerIdentity): ServerFacts {
  const { name, host, id, version, cluster, tags, metadata, featureFlags } = server;
  return { name, host, id, version, cluster, tags, metadata, featureFlags };
}
