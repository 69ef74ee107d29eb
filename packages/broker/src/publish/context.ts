// For whom a plan is made: the key of the plan cache beside the subject. Two connections with the
// same account and the same permissions share their plans. Owned by the worker's core.
import type { CompiledPermissions } from "@weft/auth";

/** What a plan of this context covers. */
export type ContextKind =
  /** A client's publish: permissions, mappings, imports, all threads. */
  | "client"
  /** Published by the broker itself: as a client without permissions. */
  | "internal"
  /** A mapped subject: as internal, but not mapped again (SU-31: no chaining). */
  | "mapped"
  /** What was drawn for a client's publish (SU-33): as client, but not mapped again. */
  | "client-mapped"
  /** Of another server, which has applied all of that: whoever is interested, on all threads. */
  | "remote"
  /** A frame of another thread: only this thread's subscriptions. */
  | "inbound";

export class PublishContext {
  readonly id: number;
  readonly kind: ContextKind;
  readonly account: number;
  readonly permissions: CompiledPermissions | undefined;
  /** See {@link ContextTable.mappedFor}; made when it is asked for. */
  forMapped: PublishContext | undefined;

  constructor(
    id: number,
    kind: ContextKind,
    account: number,
    permissions: CompiledPermissions | undefined,
  ) {
    this.id = id;
    this.kind = kind;
    this.account = account;
    this.permissions = permissions;
  }
}

/** Contexts of clients that are kept however few are in use, and tokens of their permissions. */
const CLIENTS_KEPT = 4_096;
const TOKENS_KEPT = 65_536;

/** An account may hold so many times as many tokens as are left then: seven eighths, alone. */
const SHARE = 7;

/**
 * Interned contexts of one account snapshot. Must stay true: an id is never given twice; of equal
 * permissions there is one set, and what all of them take is known.
 */
export class ContextTable {
  #clients = new Map<string, PublishContext>();
  #sweptAt = CLIENTS_KEPT;
  #tokensCount = 0;
  #tokensSweptAt = TOKENS_KEPT;
  readonly #tokensByAccount = new Map<number, number>();
  /** Somebody found no room: those that nobody uses go. */
  #isShort = false;
  readonly #byAccount = {
    internal: [] as (PublishContext | undefined)[],
    mapped: [] as (PublishContext | undefined)[],
    remote: [] as (PublishContext | undefined)[],
    inbound: [] as (PublishContext | undefined)[],
  };
  #nextId = 1;

  /** `permissionsKey` names equal permission sets equally; "" for none. */
  client(account: number, permissionsKey = "", permissions?: CompiledPermissions): PublishContext {
    const key = `${account} ${permissionsKey}`;
    let context = this.#clients.get(key);
    if (context === undefined) {
      context = this.#create("client", account, permissions);
      this.#clients.set(key, context);
      this.#count(context);
    }
    return context;
  }

  /**
   * Whether there is room for permissions that {@link client} would keep, where those of all users of
   * this thread may have `tokensMax` tokens.
   */
  hasRoomFor(
    account: number,
    permissionsKey: string,
    { tokensCount }: CompiledPermissions,
    tokensMax: number,
  ): boolean {
    if (this.#clients.has(`${account} ${permissionsKey}`)) return true;
    const held = (this.#tokensByAccount.get(account) ?? 0) + tokensCount;
    const left = tokensMax - this.#tokensCount - tokensCount;
    const hasRoom = held <= left * SHARE;
    this.#isShort ||= !hasRoom;
    return hasRoom;
  }

  #count({ account, permissions }: PublishContext): void {
    const tokensCount = permissions?.tokensCount ?? 0;
    this.#tokensCount += tokensCount;
    if (tokensCount === 0) return;
    this.#tokensByAccount.set(account, (this.#tokensByAccount.get(account) ?? 0) + tokensCount);
  }

  /**
   * Users with tokens may each have permissions of their own: contexts that nobody uses go, once
   * there are twice as many as were in use, or their permissions take twice as much. `inUse` is asked
   * for only then.
   */
  sweep(inUse: () => Iterable<PublishContext>): void {
    const isFull =
      this.#isShort ||
      this.#clients.size >= this.#sweptAt ||
      this.#tokensCount >= this.#tokensSweptAt;
    if (!isFull) return;
    this.#isShort = false;
    const used = new Set(inUse());
    this.#clients = new Map([...this.#clients].filter(([, context]) => used.has(context)));
    this.#sweptAt = Math.max(CLIENTS_KEPT, 2 * this.#clients.size);
    this.#tokensCount = 0;
    this.#tokensByAccount.clear();
    for (const context of this.#clients.values()) this.#count(context);
    this.#tokensSweptAt = Math.max(TOKENS_KEPT, 2 * this.#tokensCount);
  }

  internal(account: number): PublishContext {
    return this.#get("internal", account);
  }

  mapped(account: number): PublishContext {
    return this.#get("mapped", account);
  }

  /** For a destination that was drawn for a publish of `client`: by the same rights. */
  mappedFor(client: PublishContext): PublishContext {
    const { account, permissions } = client;
    client.forMapped ??= this.#create("client-mapped", account, permissions);
    return client.forMapped;
  }

  remote(account: number): PublishContext {
    return this.#get("remote", account);
  }

  inbound(account: number): PublishContext {
    return this.#get("inbound", account);
  }

  /** Other accounts and permissions: the contexts are made anew, with new ids. */
  reset(): void {
    this.#clients.clear();
    this.#tokensCount = 0;
    this.#tokensByAccount.clear();
    for (const contexts of Object.values(this.#byAccount)) contexts.length = 0;
  }

  #get(kind: "internal" | "mapped" | "remote" | "inbound", account: number): PublishContext {
    const contexts = this.#byAccount[kind];
    let context = contexts[account];
    if (context === undefined) {
      context = this.#create(kind, account, undefined);
      contexts[account] = context;
    }
    return context;
  }

  #create(
    kind: ContextKind,
    account: number,
    permissions: CompiledPermissions | undefined,
  ): PublishContext {
    const context = new PublishContext(this.#nextId, kind, account, permissions);
    this.#nextId += 1;
    return context;
  }
}
