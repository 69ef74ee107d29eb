// Binds a directory node to its files, its clock and the system account. Control thread. Must stay
// true: file effects run one at a time, in the order in which the node asked for them; answers that
// need a file are read beside them, a bounded number at a time.
import { errorText, type Log } from "@weft/base";
import {
  CLAIM_SUBSCRIPTIONS,
  type ClaimReplyBody,
  type ClaimRequest,
  type ClaimSubscription,
  DirectoryNode,
  type DirectoryNodeOptions,
  type DirectoryNodePorts,
  decodeMeshMessage,
  encodeMeshMessage,
  FileLayout,
  fileKindOf,
  type MeshMessage,
  type MeshRecord,
  type Now,
  type ResolverEffect,
  recordMessages,
  type SourceAnswer,
} from "@weft/resolver";
import type { JwtDirectory } from "./jwt-directory.ts";

/** What a host needs of its server. */
export interface DirectoryHostPorts extends DirectoryNodePorts {
  readonly log: Log;
  now(): Now;
  /** This node's name in the mesh; one token of a subject. */
  readonly nodeName: string;
  /** Publishes an answer in the system account. */
  reply(subject: string, body: ClaimReplyBody): void;
  /** Publishes bytes in the system account; may wait while much is on its way. */
  replyRaw(subject: string, text: string): Promise<void> | undefined;
  /** Publishes a mesh message on `meshSubject(to)`. */
  sendMesh(to: string | undefined, payload: string): void;
  /** Nodes that answer lookups. */
  peerCount(): number;
  /** Other JWTs for accounts in use. */
  changed(key: string, text: string): void;
  /** AC-91: nobody may use the account any more. */
  deleted(key: string): void;
}

const DETACHED_MAX = 64;
/** Texts of records that are in memory at a time. */
const RECORD_BATCH_CHARACTERS = 512 * 1024;
const SHORTEST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 60_000;

export class DirectoryHost {
  readonly node: DirectoryNode;
  readonly #directory: JwtDirectory;
  readonly #layout: FileLayout;
  readonly #ports: DirectoryHostPorts;
  readonly #type: DirectoryNodeOptions["type"];
  /** Everything that touches files in an order. */
  #queue: Promise<void> = Promise.resolve();
  #detached = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(directory: JwtDirectory, options: DirectoryNodeOptions, ports: DirectoryHostPorts) {
    this.#directory = directory;
    this.#layout = new FileLayout(options.sharded);
    this.#ports = ports;
    this.#type = options.type;
    this.node = new DirectoryNode(options, ports, ports.now());
  }

  /** What has to be subscribed to in the system account, beside the mesh's two subjects. */
  get subscriptions(): readonly ClaimSubscription[] {
    return CLAIM_SUBSCRIPTIONS[this.#type];
  }

  /** Reads the directory; rejects if it cannot be used. */
  async start(): Promise<void> {
    const isReadOnly = this.#type === "file";
    await this.#directory.open(!isReadOnly);
    await this.#enqueue(() => this.#load(false));
    const kept = this.#type === "full" ? "all" : "some";
    const text = isReadOnly
      ? `Reading jwt from directory ${this.#directory.path}`
      : `Managing ${kept} jwt in exclusive directory ${this.#directory.path}`;
    this.#ports.log.write("info", text);
    this.#arm();
  }

  /** AC-95: reads again what somebody else may have changed. */
  async reload(): Promise<void> {
    await this.#enqueue(() => this.#load(true));
    await this.settled();
  }

  /** When everything that was asked for so far has been carried out. */
  async settled(): Promise<void> {
    let queue: Promise<void>;
    do {
      queue = this.#queue;
      await queue;
    } while (queue !== this.#queue);
  }

  /** Ends lookups, finishes what is being written. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.node.stop();
    this.#pump();
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.settled();
  }

  /** A request in the system account; false = it is for somebody else. */
  onRequest(request: ClaimRequest): boolean {
    const isOurs = this.node.onRequest(request, this.#ports.now());
    this.#pump();
    return isOurs;
  }

  /** A message on one of the mesh's subjects. */
  onMeshPayload(payload: Uint8Array): void {
    const envelope = decodeMeshMessage(payload);
    if (envelope === undefined) {
      this.#ports.log.write("warn", "DirResolver - a message of another node can not be read");
      return;
    }
    if (envelope.from === this.#ports.nodeName) return;
    this.node.onMessage(envelope.from, envelope.message, this.#ports.now());
    this.#pump();
  }

  /** Asks the other nodes. */
  fetch(key: string): Promise<SourceAnswer> {
    const { promise, resolve } = Promise.withResolvers<SourceAnswer>();
    this.node.lookup(key, this.#ports.peerCount(), this.#ports.now(), resolve);
    this.#pump();
    return promise;
  }

  /** The JWT in the directory, if there is a good one. */
  async read(key: string): Promise<string | undefined> {
    const claim = this.node.store.find(key, this.#ports.now().unixMs);
    return claim === undefined ? undefined : this.#directory.read(this.node.store.pathOf(key));
  }

  /** Keeps what another source has found, or what the configuration brings along (AC-80). */
  keep(text: string): void {
    this.node.keep(text, this.#ports.now());
    this.#pump();
  }

  // ---- inside

  async #load(isReload: boolean): Promise<void> {
    const { store } = this.node;
    store.load.begin(isReload);
    for (const path of await this.#directory.scan(this.#layout)) {
      const file = fileKindOf(path);
      if (file.kind === "leftover") {
        if (!store.isReadOnly) await this.#directory.run([{ op: "remove", path }]);
        continue;
      }
      const text = await this.#readOrLog(path);
      if (text === undefined) continue;
      const { unixMs } = this.#ports.now();
      if (file.kind === "awake") store.load.awake(text, unixMs);
      else if (file.kind === "proof") store.load.proof(file.id, text, unixMs);
      else if (file.kind === "order") store.load.order(file.key, text);
      else if (file.kind === "jwt") store.load.claim(file.key, path, text, unixMs);
    }
    this.node.loaded(this.#ports.now());
    this.#pump();
  }

  async #readOrLog(path: string): Promise<string | undefined> {
    try {
      return await this.#directory.read(path);
    } catch (error) {
      this.#ports.log.write("error", `DirResolver - ${path} can not be read: ${errorText(error)}`);
      return undefined;
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    // Whoever asked hears of a failure; those behind go on.
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Carries out what the node wants, and looks when it wants to be called. */
  #pump(): void {
    for (const effect of this.node.takeEffects()) this.#carryOut(effect);
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const waitMs = this.node.nextDueMs() - this.#ports.now().monotonicMs;
    const boundedMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, waitMs));
    this.#timer = setTimeout(() => {
      this.node.tick(this.#ports.now());
      this.#pump();
    }, boundedMs).unref();
  }

  #carryOut(effect: ResolverEffect): void {
    if (effect.kind === "files") {
      void this.#enqueue(() => this.#runFiles(effect));
    } else if (effect.kind === "reread") {
      void this.#enqueue(() => this.#reread(effect.key));
    } else if (effect.kind === "reply") this.#ports.reply(effect.subject, effect.body);
    else if (effect.kind === "reply-empty") void this.#ports.replyRaw(effect.subject, "");
    else if (effect.kind === "send") this.#send(effect.to, effect.message);
    else if (effect.kind === "changed") this.#ports.changed(effect.key, effect.text);
    else if (effect.kind === "deleted") this.#ports.deleted(effect.key);
    else if (effect.kind === "log") this.#ports.log.write(effect.level, effect.text);
    else this.#detach(() => this.#answer(effect));
  }

  async #runFiles({ ticket, steps }: Extract<ResolverEffect, { kind: "files" }>): Promise<void> {
    let failure: string | undefined;
    try {
      await this.#directory.run(steps);
    } catch (error) {
      failure = errorText(error);
    }
    this.node.store.filesDone(ticket, failure);
    this.#pump();
  }

  async #reread(key: string): Promise<void> {
    const text = await this.#readOrLog(this.node.store.pathOf(key));
    this.node.store.reread(key, text, this.#ports.now().unixMs);
  }

  /** Answers that are read from files; too many at a time are left out, and who asked asks again. */
  #detach(work: () => Promise<void>): void {
    if (this.#detached >= DETACHED_MAX) {
      this.#ports.log.write("warn", "DirResolver - too many requests at a time, one is left out");
      return;
    }
    this.#detached += 1;
    void work()
      .catch((error: unknown) => {
        this.#ports.log.write("error", `DirResolver - ${errorText(error)}`);
      })
      .finally(() => {
        this.#detached -= 1;
      });
  }

  async #answer(
    effect: Extract<
      ResolverEffect,
      { kind: "reply-claim" | "reply-pack" | "send-records" | "send-answer" }
    >,
  ): Promise<void> {
    const { store } = this.node;
    if (effect.kind === "reply-claim") {
      const text = (await this.#directory.read(store.pathOf(effect.key))) ?? "";
      await this.#ports.replyRaw(effect.subject, text);
    } else if (effect.kind === "send-answer") {
      const text = (await this.#directory.read(store.pathOf(effect.key))) ?? "";
      this.#send(effect.to, { kind: "answer", ticket: effect.ticket, text });
    } else if (effect.kind === "reply-pack") {
      for (const key of effect.keys) {
        const text = await this.#readOrLog(store.pathOf(key));
        if (text !== undefined) await this.#ports.replyRaw(effect.subject, `${key}|${text}`);
      }
      await this.#ports.replyRaw(effect.subject, "");
    } else await this.#sendRecords(effect);
  }

  async #sendRecords({
    to,
    references,
  }: Extract<ResolverEffect, { kind: "send-records" }>): Promise<void> {
    const { node } = this;
    let batch: MeshRecord[] = [];
    let characters = 0;
    const flush = (): void => {
      for (const message of recordMessages(batch)) this.#send(to, message);
      batch = [];
      characters = 0;
    };
    for (const reference of references) {
      const text = await this.#readOrLog(node.store.pathOfReference(reference));
      const record = text === undefined ? undefined : node.recordOf(reference, text);
      if (record === undefined) continue;
      batch.push(record);
      characters += record.text.length;
      if (characters > RECORD_BATCH_CHARACTERS) flush();
    }
    flush();
  }

  #send(to: string | undefined, message: MeshMessage): void {
    this.#ports.sendMesh(to, encodeMeshMessage(this.#ports.nodeName, message));
  }
}
