// Messages that the server itself writes, and whether anybody waits for them. Any thread that
// publishes; pure.
import { ORIGIN_CLIENT } from "../deliver/receiver.ts";
import type { MessageView } from "../publish/message-view.ts";
import type { Plan } from "../publish/plan.ts";

const NO_REPLY = -1;

/** True if a message along this plan would be delivered, sent on or asked of a service. */
export function planReachesSomebody(plan: Plan): boolean {
  return (
    plan.targets.length > 0 ||
    plan.remotes !== undefined ||
    plan.services !== undefined ||
    plan.mapping !== undefined ||
    plan.serviceReply ||
    (plan.queues?.some((step) => step.total > 0) ?? false)
  );
}

/** Puts header block and payload into `view`, whose subject is set. `reply`: a byte string. */
export function fillMessage(
  view: MessageView,
  header: Buffer,
  payload: Buffer,
  reply?: string | undefined,
): void {
  const total = header.length + payload.length;
  const tail = header.length === 0 ? `${total}\r\n` : `${header.length} ${total}\r\n`;
  const body = Buffer.allocUnsafe(tail.length + total + 2);
  let at = body.write(tail, 0, "latin1");
  at += header.copy(body, at);
  at += payload.copy(body, at);
  body.write("\r\n", at, "latin1");
  view.body = body;
  view.tailStart = 0;
  view.bodyStart = tail.length;
  view.bodyEnd = at;
  view.headerBytes = header.length === 0 ? -1 : header.length;
  view.replyStart = NO_REPLY;
  if (reply !== undefined) {
    view.reply = Buffer.from(reply, "latin1");
    view.replyStart = 0;
    view.replyEnd = view.reply.length;
  }
  view.source = undefined;
  view.originKind = ORIGIN_CLIENT;
  view.sourceClientId = 0;
  view.requesterId = 0;
  view.wantsNoResponders = false;
  view.mayPark = false;
  view.hops = 0;
}
