// Cases of the steps that are decided per delivery: the whole way of a message through the core of
// one worker, with and without the step. The difference is its price.
import { inputOf, LoneBroker, type LoneClient } from "./lone-broker.ts";
import type { MicroCase } from "./micro-case.ts";

const SUBJECT = "bench.0";
const BODY = "a".repeat(16);
/** Operations that arrive in one read. */
const PER_TURN = 256;
const REQUESTS_PER_TURN = 64;
/** Before the reply subject of a request, with headers or without. */
const ASKED = "MSG service.0 1 ";
/** Never reached by a run. */
const MESSAGES_MAX = 999_999_999;
const PUBLISH = `PUB ${SUBJECT} ${BODY.length}\r\n${BODY}\r\n`;
const BLOCK = "NATS/1.0\r\nkey: a\r\n\r\n";
const PUBLISH_HEADER = `HPUB ${SUBJECT} ${BLOCK.length} ${BLOCK.length + BODY.length}\r\n${BLOCK}${BODY}\r\n`;
const MESSAGE = `MSG ${SUBJECT} 1 ${BODY.length}\r\n${BODY}\r\n`;
const MESSAGE_HEADER = `HMSG ${SUBJECT} 1 ${BLOCK.length} ${BLOCK.length + BODY.length}\r\n${BLOCK}${BODY}\r\n`;

interface Delivery {
  readonly what: string;
  /** Queue group of the subscription. */
  readonly queue?: string;
  /** CONNECT of the receiver, and what it sends behind its SUB. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly after?: string;
  readonly operation: string;
  readonly expected: string;
}

function deliveryCase(delivery: Delivery): MicroCase {
  const { what, fields, after, operation, expected } = delivery;
  const queue = delivery.queue === undefined ? "" : `${delivery.queue} `;
  const prepare = (): ((count: number) => number) => {
    const broker = new LoneBroker();
    const receiver = broker.connect(
      { headers: true, ...fields },
      `SUB ${SUBJECT} ${queue}1\r\n${after ?? ""}`,
    );
    const publisher = broker.connect({ headers: true });
    publisher.send(inputOf(operation));
    if (receiver.text !== expected) throw new Error(`received: ${receiver.text}`);
    receiver.keepsText = false;
    const chunk = inputOf(operation.repeat(PER_TURN));
    return (count) => {
      const before = receiver.bytesWritten;
      const turns = Math.ceil(count / PER_TURN);
      for (let turn = 0; turn < turns; turn += 1) publisher.send(chunk);
      const bytes = receiver.bytesWritten - before;
      if (bytes !== turns * PER_TURN * expected.length) throw new Error("a message is missing");
      return bytes;
    };
  };
  return { name: `step: delivery${what}`, unit: "message", prepare };
}

/** Requests of one account that are answered in the same, or, imported, in another. */
function requestCase(imported: boolean): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const broker = new LoneBroker({
      accounts: [
        { name: "A", imports: [{ kind: "service", account: "B", subject: "service.0" }] },
        { name: "B", exports: [{ kind: "service", subject: "service.0" }] },
      ],
      users: [
        { user: "a", password: "a", account: "A" },
        { user: "b", password: "b", account: "B" },
      ],
    });
    const exporter = { user: "b", pass: "b", headers: true };
    const importer = { user: "a", pass: "a", headers: true };
    const requester = broker.connect(imported ? importer : exporter, "SUB _INBOX.c1.* 1\r\n");
    const responder = broker.connect(exporter, "SUB service.0 1\r\n");
    const request = `PUB service.0 _INBOX.c1.000001 ${BODY.length}\r\n${BODY}\r\n`;
    const requests = inputOf(request.repeat(REQUESTS_PER_TURN));
    requester.keepsText = false;
    return (count) => {
      const turns = Math.ceil(count / REQUESTS_PER_TURN);
      const before = requester.bytesWritten;
      for (let turn = 0; turn < turns; turn += 1) {
        requester.send(requests);
        answerAll(responder);
      }
      const bytes = requester.bytesWritten - before;
      const answer = `MSG _INBOX.c1.000001 1 2\r\nok\r\n`;
      if (bytes !== turns * REQUESTS_PER_TURN * answer.length)
        throw new Error("an answer is missing");
      return bytes;
    };
  };
  const name = imported ? "step: request over a service import" : "step: request in one account";
  return { name, unit: "request and answer", prepare };
}

/** Answers what the responder has received, in one piece; the same work for both cases. */
function answerAll(responder: LoneClient): void {
  const text = responder.text;
  responder.text = "";
  let answers = "";
  let replyStart = 0;
  for (let at = text.indexOf(ASKED); at >= 0; at = text.indexOf(ASKED, replyStart)) {
    replyStart = at + ASKED.length;
    const reply = text.slice(replyStart, text.indexOf(" ", replyStart));
    answers += `PUB ${reply} 2\r\nok\r\n`;
  }
  responder.send(inputOf(answers));
}

export const deliveryStepCases: readonly MicroCase[] = [
  deliveryCase({ what: "", operation: PUBLISH, expected: MESSAGE }),
  deliveryCase({
    what: ", echo off",
    fields: { echo: false },
    operation: PUBLISH,
    expected: MESSAGE,
  }),
  deliveryCase({
    what: ", auto-unsubscribe",
    after: `UNSUB 1 ${MESSAGES_MAX}\r\n`,
    operation: PUBLISH,
    expected: MESSAGE,
  }),
  deliveryCase({
    what: " to a queue group",
    queue: "group",
    operation: PUBLISH,
    expected: MESSAGE,
  }),
  deliveryCase({ what: " with headers", operation: PUBLISH_HEADER, expected: MESSAGE_HEADER }),
  deliveryCase({
    what: " with headers, as MSG",
    fields: { headers: false },
    operation: PUBLISH_HEADER,
    expected: MESSAGE,
  }),
  requestCase(false),
  requestCase(true),
];
