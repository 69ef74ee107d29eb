// Asks the callout service about logins that wait (AN-62 to AN-68): the package `callout` bound to
// control's place on the bus, to time and to the log. Control thread; loaded only where a callout is
// configured. Must stay true: a bounded number of questions is under way, each is answered or refused
// within the time of a login, and no other login ever waits for one of them.
import type { AccountSnapshot } from "@weft/accounts";
import {
  CALLOUT_SUBJECT,
  type CalloutQuestion,
  type CalloutSpec,
  type LoginAnswer,
  SignatureVerifier,
} from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { BrokerSnapshot, InternalMessage } from "@weft/broker";
import {
  type Asked,
  Breaker,
  buildRequest,
  CurveKey,
  type Judged,
  placeStatic,
  type RequestTools,
  readResponse,
  type SealedLine,
  UnderWay,
} from "@weft/callout";
import type { LogSink } from "@weft/logging";
import type { CalloutFacts } from "@weft/monitor";
import { systemClock, systemEntropy } from "./clocks.ts";
import type { ServerKeys } from "./identity.ts";

/** How often late questions are looked for. */
const TICK_MS = 50;
/** Answers are judged for so long; then the thread's other work has its turn. */
const SLICE_MS = 5;
const INBOX_BYTES = 16;
const NANOS_PER_MS = 1_000_000n;

/** Control's place on the bus. */
export interface CalloutBus {
  listen(account: number, filter: string, take: (message: InternalMessage) => void): void;
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

export interface CalloutParts {
  readonly bus: CalloutBus;
  readonly keys: ServerKeys;
  readonly log: LogSink;
}

interface Waiting extends Asked {
  readonly spec: CalloutSpec;
  readonly line: SealedLine | undefined;
  answer(judged: Judged<CalloutAnswerUser>): void;
}

type CalloutAnswerUser = NonNullable<Extract<LoginAnswer, { kind: "callout" }>["user"]>;

export class CalloutService {
  readonly #parts: CalloutParts;
  readonly #clock = systemClock();
  readonly #verifier = new SignatureVerifier();
  readonly #curve: CurveKey;
  readonly #timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #inbox = `_INBOX.${randomToken()}`;
  readonly #listening = new Set<number>();
  readonly #underWay = new UnderWay<Waiting>(LIMITS.calloutsUnderWayMax);
  readonly #breaker = new Breaker();
  /** Answers that came and are not judged. */
  readonly #arrived: { readonly waiting: Waiting; readonly payload: Buffer | undefined }[] = [];
  readonly #totals = { asked: 0, granted: 0, refused: 0, late: 0, notAsked: 0 };
  readonly #lines = new Map<string, SealedLine | undefined>();
  #snapshot: BrokerSnapshot;
  #accounts = new Map<string, AccountSnapshot>();
  #timer: NodeJS.Timeout | undefined;
  #judgeIsDue = false;
  #closed = false;

  constructor(snapshot: BrokerSnapshot, parts: CalloutParts) {
    this.#parts = parts;
    this.#curve = new CurveKey(parts.keys.curveSecret());
    this.#snapshot = snapshot;
    this.follow(snapshot);
  }

  /** A start or a reload. What is under way is answered by the rules it was asked under. */
  follow(snapshot: BrokerSnapshot): void {
    this.#snapshot = snapshot;
    this.#accounts.clear();
    for (const account of snapshot.accounts.accounts) {
      if (account.retired !== true) this.#accounts.set(account.name, account);
    }
    const { callout } = snapshot.auth;
    const account = callout && this.#accounts.get(callout.account);
    if (account === undefined || this.#listening.has(account.index)) return;
    this.#listening.add(account.index);
    this.#parts.bus.listen(account.index, `${this.#inbox}.*`, (message) => this.#take(message));
  }

  facts(): CalloutFacts {
    const state = this.#breaker.state(performance.now());
    return { state, underWay: this.#underWay.count, ...this.#totals };
  }

  /** Never rejects. */
  ask(question: CalloutQuestion): Promise<LoginAnswer> {
    return new Promise((resolve) => {
      this.#ask(question, (judged) => {
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

  #ask(question: CalloutQuestion, answer: Waiting["answer"]): void {
    const { callout: spec } = this.#snapshot.auth;
    const account = spec && this.#accounts.get(spec.account);
    const nowMs = performance.now();
    if (this.#closed || spec === undefined || account === undefined) {
      answer(refused(`No valid account "${question.account}" for auth callout request`));
    } else if (this.#underWay.isFull) {
      this.#totals.notAsked += 1;
      answer(refused("Too many auth callouts are under way"));
    } else if (!this.#breaker.mayAsk(nowMs)) {
      this.#totals.notAsked += 1;
      answer(refused("The auth callout service has not answered lately"));
    } else this.#send(question, spec, account, answer);
  }

  #send(
    question: CalloutQuestion,
    spec: CalloutSpec,
    account: AccountSnapshot,
    answer: Waiting["answer"],
  ): void {
    const { bus } = this.#parts;
    const { authTimeoutMs } = this.#snapshot.limits;
    const line = this.#lineTo(spec.xkey);
    const nowSeconds = Math.floor(this.#unixMs() / 1_000);
    const tools = this.#requestTools(line);
    const request = buildRequest(question, spec.issuer, tools, nowSeconds, authTimeoutMs);
    const { userKey, header, payload } = request;
    const { connectionType, host } = question;
    const token = randomToken();
    this.#underWay.add(
      token,
      { userKey, account: spec.account, connectionType, host, spec, line, answer },
      performance.now() + authTimeoutMs,
    );
    this.#totals.asked += 1;
    const reply = `${this.#inbox}.${token}`;
    if (bus.publish(account.index, CALLOUT_SUBJECT, header, payload, reply)) {
      bus.flush();
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
      return;
    }
    this.#breaker.notAsked();
    const nobody = `Nobody listens for auth callouts in account "${spec.account}"`;
    this.#underWay.take(token)?.answer(refused(nobody));
  }

  /** A message came to the inbox: kept, so that frames are taken quickly. */
  #take({ subject, payload, isTooLong }: InternalMessage): void {
    const token = subject.slice(this.#inbox.length + 1);
    const waiting = this.#underWay.take(token);
    if (waiting === undefined) return;
    this.#arrived.push({ waiting, payload: isTooLong ? undefined : payload });
    if (this.#judgeIsDue) return;
    this.#judgeIsDue = true;
    setImmediate(() => this.#judgeSome());
  }

  #judgeSome(): void {
    const until = performance.now() + SLICE_MS;
    if (this.#arrived.length > 0 && this.#breaker.answered()) {
      this.#parts.log.write("info", "Auth callout: the service answers again");
    }
    let judged = 0;
    for (const { waiting, payload } of this.#arrived) {
      if (judged > 0 && performance.now() >= until) break;
      judged += 1;
      waiting.answer(
        payload === undefined
          ? refused("Auth callout response is too long")
          : this.#judge(waiting, payload),
      );
    }
    this.#arrived.splice(0, judged);
    this.#judgeIsDue = this.#arrived.length > 0;
    if (this.#judgeIsDue) setImmediate(() => this.#judgeSome());
  }

  #judge(waiting: Waiting, payload: Buffer): Judged<CalloutAnswerUser> {
    const nowMs = this.#unixMs();
    const tools = {
      serverId: this.#snapshot.server.id,
      line: waiting.line,
      verifier: this.#verifier,
      timeZone: this.#timeZone,
    };
    const read = readResponse(payload, waiting, tools, Math.floor(nowMs / 1_000));
    if (!read.ok) return read;
    const { issuer, allowedAccounts } = waiting.spec;
    const hasAccount = (name: string): boolean => this.#accounts.has(name);
    const placement = { issuer, allowedAccounts, hasAccount };
    return placeStatic(read.value, placement, waiting, tools, nowMs);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const waiting of this.#underWay.expire(nowMs)) {
      this.#totals.late += 1;
      const restMs = this.#breaker.silent(nowMs);
      if (restMs !== undefined) {
        const text = `Auth callout: no answers, nobody is asked for ${restMs / 1_000}s`;
        this.#parts.log.write("warn", text);
      }
      waiting.answer(
        refused(
          `Authorization callout response not received in time on account "${waiting.account}"`,
        ),
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

  #lineTo(xkey: string | undefined): SealedLine | undefined {
    if (xkey === undefined) return undefined;
    let line = this.#lines.get(xkey);
    if (line === undefined) {
      this.#lines.clear();
      line = this.#curve.lineTo(xkey);
      this.#lines.set(xkey, line);
    }
    return line;
  }

  #unixMs(): number {
    return Number(this.#clock.unixNanos() / NANOS_PER_MS);
  }
}

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function randomToken(): string {
  const bytes = new Uint8Array(INBOX_BYTES);
  systemEntropy.fill(bytes);
  return Buffer.from(bytes).toString("base64url");
}
