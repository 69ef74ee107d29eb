// Control's end of the rings. Control thread. Until the services of the system account are there,
// frames to control can only be old ones.
import { type Mailbox, type MailboxSeed, openMailbox } from "@weft/shm";
import type { SystemService } from "./system-service.ts";

export function openControlMailbox(
  seed: MailboxSeed,
  system: () => SystemService | undefined,
): Mailbox {
  return openMailbox(seed, {
    onControlFrame: () => undefined,
    onDataFrame: (from, bytes, start, end) =>
      system()?.onDataFrame(from, bytes, start, end) ?? true,
    onSpace: (to) => system()?.onSpace(to),
    afterDrain: () => system()?.afterDrain(),
  });
}
