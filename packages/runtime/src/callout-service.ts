// Asks the callout service about logins that wait (AN-62 to AN-68): the package `callout` bound to
// control's place on the bus, to time and to the log. Control thread; loaded only where a callout is
// configured. Must stay true: a bounded number of questions is under way, each is answered or refused
// within the time of a login, no other login ever waits for one of them, and the service of one account
// takes neither places nor patience nor turns from that of another.
import type { AccountSnapshot } from "@weft/accounts";
import {
  CALLOUT_SUBJECT,
  type CalloutQuestion,
  type CalloutSpec,
  type LoginAnswer,
  type Mechanism,
  Mechanisms,
  SignatureVerifier,
} from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { BrokerSnapshot, InternalMessage } from "@weft/broker";
import {
  type Asked,
  Breakers,
  buildRequest,
  CurveKey,
  type Judged,
  operatorTarget,
  placeOperator,
  placeStatic,
  type ReadResponse,
  type RequestTools,
  type ResponseTools,
  readResponse,
  refused,
  type SealedLine,
  SealedLines,
  UnderWay,
} from "@weft/callout";
import { hasCallout, type TrustedAccount } from "@weft/jwt";
import type { LogSink } from "@weft/logging";
import type { CalloutFacts } from "@weft/monitor";
import type { OperatorRules } from "@weft/operator";
import { freshName, systemClock, systemEntropy } from "./clocks.ts";
import type { ServerKeys } from "./identity.ts";

/** How often late questions are looked for. */
const TICK_MS = 50;
/** Answers are judged for so long; then the thread's other work has its turn. */
const SLICE_MS = 5;
/** Accounts whose services are listened to: five records each of control's interest (shared-state.ts). */
const LISTENING_MAX = 8_192;
/** Keys of services whose lines are kept; others are derived for each question. */
const LINES_MAX = 1_024;
const NANOS_PER_MS = 1_000_000n;

/** Control's place on the bus. */
export interface CalloutBus {
  listen(account: number, filter: string, take: (message: InternalMessage) => void): void;
  unlisten(account: number, filter: string): void;
  /** False: nobody was there. */
  publish(
    account: number,
    subject: string,
    header: Buffer,
    payload: Buffer,
    reply: string,
  ): boolean;
  flush(): void;
}

/** Accounts by tokens (AN-70); neither rejects. */
export interface CalloutAccounts {
  /** The account, looked for where it is not in use; undefined = it cannot be had. */
  trusted(key: string): Promise<TrustedAccount | undefined>;
  /** When it settles the worker knows the account. */
  answer(key: string, worker: number): Promise<LoginAnswer>;
}

export interface CalloutParts {
  /** Undefined without operators. */
  readonly accounts?: CalloutAccounts | undefined;
  readonly bus: CalloutBus;
  readonly keys: ServerKeys;
  readonly log: LogSink;
}

/** Who is asked, and what is believed. */
type Trust =
  | { readonly kind: "static"; readonly spec: CalloutSpec }
  | { readonly kind: "operator"; readonly account: TrustedAccount; readonly worker: number };

interface Waiting extends Asked {
  readonly trust: Trust;
  readonly line: SealedLine | undefined;
  answer(judged: Judged<CalloutAnswerUser>): void;
}

type CalloutAnswerUser = NonNullable<Extract<LoginAnswer, { kind: "callout" }>["user"]>;

export class CalloutService {
  readonly #parts: CalloutParts;
  readonly #clock = systemClock();
  readonly #verifier = new SignatureVerifier();
  readonly #timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #inbox = `_INBOX.${freshName()}`;
  readonly #listening = new Set<number>();
  readonly #underWay = new UnderWay<Waiting, Buffer | undefined>(LIMITS.calloutsUnderWayMax);
  /** By account, as `#underWay`. */
  readonly #breakers = new Breakers(LISTENING_MAX);
  readonly #totals = { asked: 0, granted: 0, refused: 0, late: 0, notAsked: 0 };
  readonly #lines: SealedLines;
  #snapshot: BrokerSnapshot;
  #accounts = new Map<string, AccountSnapshot>();
  /** GP-1. */
  #mechanisms: Mechanisms | undefined;
  #timer: NodeJS.Timeout | undefined;
  #judgeIsDue = false;
  #closed = false;

  constructor(snapshot: BrokerSnapshot, parts: CalloutParts) {
    this.#parts = parts;
    this.#lines = new SealedLines(new CurveKey(parts.keys.curveSecret()), LINES_MAX);
    this.#snapshot = snapshot;
    this.follow(snapshot);
  }

  /** A start or a reload. What is under way is answered by the rules it was asked under. */
  follow(snapshot: BrokerSnapshot): void {
    this.#snapshot = snapshot;
    const { mixed } = snapshot.auth;
    this.#mechanisms = mixed && new Mechanisms(mixed);
    this.#accounts.clear();
    for (const account of snapshot.accounts.accounts) {
      if (account.retired === true) this.#unlisten(account);
      else this.#accounts.set(account.name, account);
    }
    this.#breakers.keepOnly(this.#accounts);
    const { callout } = snapshot.auth;
    const account = callout && this.#accounts.get(callout.account);
    if (account !== undefined) this.#listen(account);
  }

  /** AC-93: accounts that came, changed and went. */
  followAccounts(accounts: readonly AccountSnapshot[]): void {
    for (const account of accounts) {
      if (account.retired === true) {
        this.#accounts.delete(account.name);
        this.#breakers.forget(account.name);
        this.#unlisten(account);
      } else this.#accounts.set(account.name, account);
    }
  }

  /** False if as many accounts as there is room for are listened to. */
  #listen({ index }: AccountSnapshot): boolean {
    if (this.#listening.has(index)) return true;
    if (this.#listening.size >= LISTENING_MAX) return false;
    this.#listening.add(index);
    this.#parts.bus.listen(index, `${this.#inbox}.*`, (message) => this.#take(message));
    return true;
  }

  /** The account is gone: there is room for another one. What it was asked is late. */
  #unlisten({ index }: AccountSnapshot): void {
    if (this.#listening.delete(index)) this.#parts.bus.unlisten(index, `${this.#inbox}.*`);
  }

  facts(): CalloutFacts {
    const state = this.#breakers.state(performance.now());
    return { state, underWay: this.#underWay.count, ...this.#totals };
  }

  /** `worker`, counted from 0, asks. Never rejects. */
  async ask(question: CalloutQuestion, worker: number): Promise<LoginAnswer> {
    const trust = await this.#trustFor(question.account, worker);
    return new Promise((resolve) => {
      this.#ask(question, trust, (judged) => {
        this.#totals[judged.ok ? "granted" : "refused"] += 1;
        resolve(
          judged.ok
            ? { kind: "callout", user: judged.value }
            : { kind: "callout", reason: judged.reason },
        );
      });
    });
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const waiting of this.#underWay.drop()) waiting.answer(refused("the server ends"));
  }

  async #trustFor(account: string, worker: number): Promise<Trust | undefined> {
    const { accounts } = this.#parts;
    const { callout: spec } = this.#snapshot.auth;
    const isConfigured = spec !== undefined && spec.account === account;
    if (accounts === undefined || isConfigured) return spec && { kind: "static", spec };
    const trusted = await accounts.trusted(account);
    return trusted && { kind: "operator", account: trusted, worker };
  }

  #ask(question: CalloutQuestion, trust: Trust | undefined, answer: Waiting["answer"]): void {
    const name = trust?.kind === "static" ? trust.spec.account : trust?.account.key;
    const account = name === undefined ? undefined : this.#accounts.get(name);
    const nowMs = performance.now();
    if (this.#closed || trust === undefined || account === undefined) {
      answer(refused(`No valid account "${question.account}" for auth callout request`));
    } else if (!this.#underWay.hasRoomFor(account.name)) {
      this.#totals.notAsked += 1;
      answer(refused("Too many auth callouts are under way"));
    } else if (!this.#breakers.mayAsk(account.name, nowMs)) {
      this.#totals.notAsked += 1;
      answer(refused("The auth callout service has not answered lately"));
    } else this.#send(question, trust, account, answer);
  }

  #send(
    question: CalloutQuestion,
    trust: Trust,
    account: AccountSnapshot,
    answer: Waiting["answer"],
  ): void {
    const { bus } = this.#parts;
    const { authTimeoutMs } = this.#snapshot.limits;
    const giveUp = (reason: string): void => {
      this.#breakers.notAsked(account.name);
      answer(refused(reason));
    };
    if (!this.#listen(account)) {
      giveUp("too many accounts ask services");
      return;
    }
    const xkey =
      trust.kind === "static"
        ? trust.spec.xkey
        : trust.account.claims.nats.authorization.xkey || undefined;
    const line = xkey === undefined ? undefined : this.#lines.to(xkey);
    // What has to be sealed is not sent in the clear.
    if (xkey !== undefined && line === undefined) {
      giveUp("The xkey seals nothing");
      return;
    }
    const nowSeconds = Math.floor(this.#unixMs() / 1_000);
    const tools = this.#requestTools(line);
    const request = buildRequest(question, asIssuer(trust), tools, nowSeconds, authTimeoutMs);
    if (request === undefined) {
      giveUp("The request would be too long");
      return;
    }
    const { userKey, header, payload } = request;
    const { connectionType, host } = question;
    const token = freshName();
    this.#underWay.add(
      token,
      account.name,
      { userKey, account: account.name, connectionType, host, trust, line, answer },
      performance.now() + authTimeoutMs,
    );
    this.#totals.asked += 1;
    const { index } = account;
    if (bus.publish(index, CALLOUT_SUBJECT, header, payload, `${this.#inbox}.${token}`)) {
      bus.flush();
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
      return;
    }
    this.#underWay.remove(token);
    giveUp(`Nobody listens for auth callouts in account "${account.name}"`);
  }

  /** A message came to the inbox: kept, so that frames are taken quickly. */
  #take({ subject, payload, isTooLong }: InternalMessage): void {
    const token = subject.slice(this.#inbox.length + 1);
    const waiting = this.#underWay.arrive(token, isTooLong ? undefined : payload);
    if (waiting === undefined) return;
    if (this.#breakers.answered(waiting.account)) {
      const text = `Auth callout: the service answers again in account "${waiting.account}"`;
      this.#parts.log.write("info", text);
    }
    if (this.#judgeIsDue) return;
    this.#judgeIsDue = true;
    setImmediate(() => this.#judgeSome());
  }

  #judgeSome(): void {
    const until = performance.now() + SLICE_MS;
    do {
      const next = this.#underWay.next();
      if (next === undefined) break;
      const { question, answer } = next;
      if (answer === undefined) question.answer(refused("Auth callout response is too long"));
      else this.#judge(question, answer);
    } while (performance.now() < until);
    this.#judgeIsDue = this.#underWay.hasArrivals;
    if (this.#judgeIsDue) setImmediate(() => this.#judgeSome());
  }

  #judge(waiting: Waiting, payload: Buffer): void {
    const nowMs = this.#unixMs();
    const tools = {
      serverId: this.#snapshot.server.id,
      line: waiting.line,
      verifier: this.#verifier,
      timeZone: this.#timeZone,
    };
    const read = readResponse(payload, waiting, tools, Math.floor(nowMs / 1_000));
    if (!read.ok) {
      waiting.answer(read);
      return;
    }
    const { trust } = waiting;
    if (trust.kind === "operator") {
      void this.#placeOperator(read.value, waiting, trust, tools).then(waiting.answer);
      return;
    }
    const { issuer, allowedAccounts } = trust.spec;
    const hasAccount = (name: string): boolean => this.#accounts.has(name);
    const placement = { issuer, allowedAccounts, hasAccount };
    const placed = placeStatic(read.value, placement, waiting, tools, nowMs);
    const mechanism = placed.ok ? this.#mechanisms?.of(placed.value.accountName) : undefined;
    if (mechanism === undefined || mechanism === "callout") waiting.answer(placed);
    else waiting.answer(refused(`Account "${read.value.user.audience}" ${otherThan(mechanism)}`));
  }

  /** The account of the user may have to be looked for; the worker knows it before the answer. */
  async #placeOperator(
    read: ReadResponse,
    waiting: Waiting,
    trust: Extract<Trust, { kind: "operator" }>,
    tools: ResponseTools,
  ): Promise<Judged<CalloutAnswerUser>> {
    const { accounts } = this.#parts;
    // As the account is now: its callout may have been withdrawn since the service was asked.
    const service = await accounts?.trusted(waiting.account);
    if (service === undefined || !hasCallout(service)) {
      return refused(`Account "${waiting.account}" has no authorization callout any more`);
    }
    const key = operatorTarget(read, service);
    if (!key.ok) return key;
    const target = await accounts?.trusted(key.value);
    if (target === undefined) {
      return refused(
        `No valid account "${key.value}" for auth callout response ` +
          `on account "${waiting.account}": account missing`,
      );
    }
    const rules = this.#snapshot.operator as OperatorRules | undefined;
    if (rules?.oneMechanism === true && !hasCallout(target)) {
      return refused(`Account "${key.value}" ${otherThan("jwt")}`);
    }
    const placed = placeOperator(read, target, waiting, tools, this.#unixMs());
    if (placed.ok) await accounts?.answer(key.value, trust.worker);
    return placed;
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const { question: waiting, isAnswered } of this.#underWay.expire(nowMs)) {
      this.#totals.late += 1;
      const { account } = waiting;
      // Whoever has answered is not silent, and an account that is gone has no service.
      const isSilent = !isAnswered && this.#accounts.has(account);
      const restMs = isSilent ? this.#breakers.silent(account, nowMs) : undefined;
      if (restMs !== undefined) {
        const what = `no answers in account "${account}", nobody is asked there`;
        this.#parts.log.write("warn", `Auth callout: ${what} for ${restMs / 1_000}s`);
      }
      waiting.answer(
        refused(`Authorization callout response not received in time on account "${account}"`),
      );
    }
    if (this.#underWay.count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #requestTools(line: SealedLine | undefined): RequestTools {
    const { name, host, id, version, cluster, tags } = this.#snapshot.server;
    const { keys } = this.#parts;
    return {
      server: { name, host, id, version, cluster: cluster ?? "", tags: tags ?? [] },
      signer: { publicKey: keys.id, sign: (bytes) => keys.sign(bytes) },
      curveKey: keys.curveId,
      line,
      entropy: systemEntropy,
    };
  }

  #unixMs(): number {
    return Number(this.#clock.unixNanos() / NANOS_PER_MS);
  }
}

/** Whom a request names: the issuer of the configuration, or the account of the service. */
function asIssuer(trust: Trust): string {
  return trust.kind === "static" ? trust.spec.issuer : trust.account.key;
}

function otherThan(mechanism: Mechanism): string {
  return `has the mechanism ${mechanism}, not callout`;
}
