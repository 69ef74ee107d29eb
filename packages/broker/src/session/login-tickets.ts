// Logins that wait for an answer of control, each under a number. Owned by the worker's core. Must
// stay true: an answer reaches the login that asked, or nobody; who has left is not kept for an answer
// that may take as long as a resolver does.
import type { LoginAnswer, LoginQuestion } from "@weft/auth";
import type { ControlPort } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";
import { finishLogin } from "./login.ts";

export class LoginTickets {
  readonly #control: ControlPort;
  readonly #waiting = new Map<number, WeakRef<ClientSession>>();
  #next = 1;

  constructor(control: ControlPort) {
    this.#control = control;
  }

  ask(session: ClientSession, question: LoginQuestion): void {
    const ticket = this.#next++;
    this.#waiting.set(ticket, new WeakRef(session));
    this.#control.askForLogin(ticket, question);
  }

  answered(ticket: number, answer: LoginAnswer): void {
    const session = this.#waiting.get(ticket)?.deref();
    this.#waiting.delete(ticket);
    if (session === undefined) return;
    const { logins } = session.host.judgements;
    if (!logins.isSpent) {
      finishLogin(session, answer);
      return;
    }
    const { pendingLogin } = session;
    logins.later(session.transport.remoteAddress, () => {
      // After a reload it asks anew.
      if (session.pendingLogin === pendingLogin) finishLogin(session, answer);
    });
  }

  /** Answers that are under way are for other users. */
  forget(): void {
    this.#waiting.clear();
  }
}
