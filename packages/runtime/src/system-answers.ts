// Doing what requests to the system account ask for (SY-20 to SY-36). Control thread. What is to be
// done is decided by `decide` of the control package; here it is carried out.

import type { AccountSnapshot } from "@weft/accounts";
import { errorText } from "@weft/base";
import type { InternalParticipant, InternalRequest } from "@weft/broker";
import {
  type AnswerError,
  accountConnectionsEvent,
  type Decision,
  decide,
  EVENT_SUBJECTS,
  eventId,
  type PublicPermissions,
  packingFor,
  type RequestOrigin,
  type Service,
  serverId,
  statszDocument,
  userInfo,
} from "@weft/control";
import { headerValue } from "@weft/protocol";
import { RESOLVER_LIMITS } from "@weft/resolver";
import { subjectFromText, subjectHasWildcard, subjectToText } from "@weft/subjects";
import type { AccountLedger } from "./account-ledger.ts";
import { systemEntropy } from "./clocks.ts";
import { profile } from "./profile.ts";
import { countSubscribers } from "./subscriber-count.ts";
import type { PageResult, PageSources } from "./system-pages.ts";
import type { SystemParts } from "./system-ports.ts";
import { SYSTEM_ACCOUNT, type SystemPublisher } from "./system-publisher.ts";
import type { WorkerOrders } from "./worker-orders.ts";

const BAD_REQUEST = 400;
const SERVER_ERROR = 500;
const UNAVAILABLE = 503;
const NANOS_PER_MS = 1e6;

export interface AnswerParts {
  readonly parts: SystemParts;
  readonly participant: InternalParticipant<Service>;
  readonly publisher: SystemPublisher;
  readonly ledger: AccountLedger;
  readonly orders: WorkerOrders;
  accountsActive(): number;
}

/** Stands for a body that was too long to be taken: whoever keeps claims says so. */
const LONG_PAYLOAD = Buffer.alloc(RESOLVER_LIMITS.claimBytesMax + 1);

type Of<Kind extends Decision["kind"]> = Extract<Decision, { kind: Kind }>;

export class SystemAnswers {
  readonly #given: AnswerParts;
  /** Byte strings, as subjects name accounts. */
  readonly #accountsByName = new Map<string, number>();

  constructor(given: AnswerParts) {
    this.#given = given;
    this.follow(given.parts.snapshot.accounts.accounts);
  }

  /** The accounts of a start or a reload. */
  follow(accounts: readonly AccountSnapshot[]): void {
    this.#accountsByName.clear();
    for (const { name, index, retired } of accounts) {
      if (name !== "" && retired !== true) this.#accountsByName.set(subjectFromText(name), index);
    }
  }

  /** One account that came, changed or went; `former` had its index. */
  followAccount(account: AccountSnapshot, former: AccountSnapshot | undefined): void {
    const key = subjectFromText(former?.name ?? "");
    if (this.#accountsByName.get(key) === account.index) this.#accountsByName.delete(key);
    if (account.name === "" || account.retired === true) return;
    this.#accountsByName.set(subjectFromText(account.name), account.index);
  }

  /** Settles when the answer is on its way, or there is none. */
  async answer(request: InternalRequest<Service>): Promise<void> {
    const { publisher, parts } = this.#given;
    try {
      if (request.service.kind === "claims") {
        const asked = request.isTooLong ? { ...request, payload: LONG_PAYLOAD } : request;
        parts.claims?.onClaimRequest(asked);
        return;
      }
      const origin = originOf(request.header);
      if (origin === "unreadable") {
        if (request.reply === "") return;
        publisher.refuse(request.reply, { code: BAD_REQUEST, description: "" });
        return;
      }
      await this.#do(decide({ ...request, origin }, publisher.server), request);
    } catch (error) {
      const description = errorText(error);
      parts.log.write("error", `${request.subject} - ${description}`);
      if (request.reply === "") return;
      publisher.refuse(request.reply, { code: SERVER_ERROR, description: "internal error" });
    }
  }

  async #do(decision: Decision, request: InternalRequest<Service>): Promise<void> {
    const { publisher, parts } = this.#given;
    const { reply } = request;
    switch (decision.kind) {
      case "silence":
        if (decision.why !== undefined) parts.log.write("error", `System request: ${decision.why}`);
        return;
      case "refuse":
        if (reply !== "") publisher.refuse(reply, decision);
        return;
      case "id":
        publisher.document(reply, serverId(publisher.server));
        return;
      case "statsz":
        this.sendStatsz(decision.toEverybody ? EVENT_SUBJECTS.statsz(publisher.server.id) : reply);
        return;
      case "page":
        return this.#page(decision, request);
      case "account-streams":
        publisher.refuse(reply, notMade("jetstream not enabled"));
        return;
      case "account-info":
        return this.#accountInfo(decision, request);
      case "account-statz":
        return this.#accountStatz(decision, request);
      case "account-connections":
        return this.#accountConnections(decision.account, reply);
      case "user-info":
        return this.#userInfo(decision, request);
      case "subscribers":
        return this.#subscribers(decision, request);
      case "profile":
        return publisher.answer(reply, JSON.stringify(await profile(decision)), packing(request));
      case "reload":
        return this.#reload(request);
      case "kick":
      case "lame-duck":
        return this.#order(decision, request);
    }
  }

  /** SY-04, SY-20. On the event's subject only if somebody listens. */
  sendStatsz(subject: string): void {
    const { publisher, parts, accountsActive } = this.#given;
    if (!publisher.hasListener(subject)) return;
    const figures = parts.figures(accountsActive());
    publisher.document(subject, statszDocument(publisher.server, figures, publisher.stamp()));
  }

  async #page({ name, options }: Of<"page">, request: InternalRequest<Service>): Promise<void> {
    const { systemPage } = await import("./system-pages.ts");
    return this.#inTurn(request, (sources) => systemPage(name, options, sources));
  }

  async #accountInfo(
    { account }: Of<"account-info">,
    request: InternalRequest<Service>,
  ): Promise<void> {
    const { accountDetail } = await import("./system-pages.ts");
    return this.#inTurn(request, (sources) => accountDetail(subjectToText(account), sources));
  }

  async #accountStatz(
    { accounts, includesUnused }: Of<"account-statz">,
    request: InternalRequest<Service>,
  ): Promise<void> {
    const { accountsStatz } = await import("./system-pages.ts");
    // A name from a subject is a byte string, one from a body is text.
    const isText = request.service.kind === "accounts-statz";
    const names = isText ? accounts : accounts.map(subjectToText);
    return this.#inTurn(request, (sources) => accountsStatz(names, includesUnused, sources));
  }

  /** Makes and sends a page when it is its turn. */
  async #inTurn(
    request: InternalRequest<Service>,
    make: (sources: PageSources) => Promise<PageResult | undefined>,
  ): Promise<void> {
    const { publisher } = this.#given;
    const { reply } = request;
    return this.#whenItsTurn(request, async (sources) => {
      const page = await make(sources);
      if (page === undefined) return;
      if (page.ok) return publisher.answer(reply, page.body, packing(request));
      publisher.refuse(reply, notMade(page.error));
    });
  }

  /** What takes long or asks the workers is done beside the pages of the monitoring port. */
  async #whenItsTurn(
    { isForeign, reply }: InternalRequest<Service>,
    task: (sources: PageSources) => Promise<void>,
  ): Promise<void> {
    const { publisher, parts } = this.#given;
    const sources = await parts.pages();
    const done = sources.turns.take(isForeign ? "account" : "system", () => task(sources));
    if (done !== undefined) return done;
    publisher.refuse(reply, { code: UNAVAILABLE, description: "too many requests wait" });
  }

  async #accountConnections(name: string, reply: string): Promise<void> {
    const { publisher, ledger } = this.#given;
    const account = this.#accountsByName.get(name);
    if (account === undefined || ledger.connections(account) === 0) return;
    const [statistics] = await ledger.statistics([account]);
    if (statistics === undefined) return;
    const stamp = { ...publisher.stamp(), id: eventId(systemEntropy) };
    publisher.document(reply, accountConnectionsEvent(publisher.server, statistics, stamp));
  }

  async #userInfo({ origin }: Of<"user-info">, request: InternalRequest<Service>): Promise<void> {
    const { publisher, orders } = this.#given;
    const { id, user = "", acc = "" } = origin;
    const order = { clientId: id ?? 0, what: "permissions" } as const;
    const answer = id === undefined ? undefined : await orders.ask(order, request.thread);
    const endMs = answer?.expiresAtMs;
    const body = userInfo(user, acc, publicPermissions(answer?.permissions), {
      accountName: answer?.accountTag,
      userName: answer?.userName,
      expiresInNanos: endMs && Math.max(0, Math.round((endMs - Date.now()) * NANOS_PER_MS)),
    });
    return publisher.answer(request.reply, body, "none");
  }

  /** SY-35, SY-34. */
  async #subscribers(
    { account: name, filter, queue }: Of<"subscribers">,
    request: InternalRequest<Service>,
  ): Promise<void> {
    const { publisher, participant, parts } = this.#given;
    const { reply } = request;
    const account =
      name === undefined ? SYSTEM_ACCOUNT : this.#accountsByName.get(subjectFromText(name));
    if (account === undefined) return;
    if (!subjectHasWildcard(filter)) {
      publisher.text(reply, String(participant.countSubscriptions(account, filter, queue)));
      return;
    }
    const workersCount = parts.regions.threadsCount - 1;
    return this.#whenItsTurn(request, async ({ sources: { lists } }) => {
      const count = await countSubscribers({ account, filter, queue }, workersCount, lists);
      publisher.text(reply, String(count));
    });
  }

  async #reload(request: InternalRequest<Service>): Promise<void> {
    const { publisher, parts } = this.#given;
    const refusal = await parts.reload();
    if (refusal !== undefined) {
      publisher.refuse(request.reply, { code: SERVER_ERROR, description: refusal });
      return;
    }
    return publisher.answer(request.reply, "", packing(request));
  }

  /** CP-112. */
  async #order(
    { kind, clientId }: Of<"kick" | "lame-duck">,
    request: InternalRequest<Service>,
  ): Promise<void> {
    const { publisher, orders } = this.#given;
    const answer = await orders.ask({ clientId, what: kind });
    const unknown = kind === "kick" ? "no such client or leafnode id" : "no such client id";
    const refusal = answer === undefined ? unknown : answer.refusal;
    if (refusal !== undefined) {
      publisher.refuse(request.reply, { code: SERVER_ERROR, description: refusal });
      return;
    }
    return publisher.answer(request.reply, "", packing(request));
  }
}

function packing({ header }: InternalRequest<Service>) {
  const value = header.length === 0 ? undefined : headerValue(header, "Accept-Encoding");
  return packingFor(value === undefined ? "" : Buffer.from(value).toString("latin1"));
}

/** Who asks. Only the broker writes this header into a request that crosses accounts (attack 43). */
function originOf(header: Buffer): RequestOrigin | undefined | "unreadable" {
  const value = header.length === 0 ? undefined : headerValue(header, "Nats-Request-Info");
  if (value === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as RequestOrigin) : "unreadable";
  } catch {
    return "unreadable";
  }
}

interface Rules {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Empty lists are left out, as the reference does. */
function shown({ allow, deny }: Rules): { allow?: readonly string[]; deny?: readonly string[] } {
  return {
    ...(allow !== undefined && allow.length > 0 ? { allow } : {}),
    ...(deny !== undefined && deny.length > 0 ? { deny } : {}),
  };
}

function notMade(description: string): AnswerError {
  return { code: SERVER_ERROR, description, data: null };
}

function publicPermissions(
  permissions:
    | {
        readonly publish?: Rules | undefined;
        readonly subscribe?: Rules | undefined;
        readonly responses?:
          | { readonly messagesMax: number; readonly expiresMs: number }
          | undefined;
      }
    | undefined,
): PublicPermissions | undefined {
  if (permissions === undefined) return undefined;
  const { publish, subscribe, responses } = permissions;
  return {
    publish: shown(publish ?? {}),
    subscribe: shown(subscribe ?? {}),
    responses:
      responses === undefined
        ? undefined
        : { max: responses.messagesMax, ttl: responses.expiresMs * NANOS_PER_MS },
  };
}
