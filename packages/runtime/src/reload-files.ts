// What of control follows a reload by itself: log, ports file (RL-02, RL-06) and the monitoring port.
// Control thread.
import type { LogSink } from "@weft/logging";
import type { Monitor } from "./monitor-wiring.ts";
import { PortsFile, type ServerUrls } from "./ports-file.ts";
import type { ReloadPart } from "./runtime.ts";

/**
 * Its log changes while it is prepared, since opening it is what can fail, and back if there is no reload
 * after all. It may wait for a syslog: before the monitoring port, which shows nothing meanwhile. A log
 * that does not follow options goes on as it is.
 */
export function logPart(log: LogSink): ReloadPart {
  return {
    prepare: async ({ logging }, previous) => {
      await log.update?.(logging);
      return {
        commit: () => undefined,
        abandon: async () => log.update?.(previous.logging).catch(() => undefined),
      };
    },
  };
}

/** `loaded`: undefined while nobody has asked for a page; then there is no port either. */
export function monitorPart(loaded: () => Promise<Monitor> | undefined): ReloadPart {
  return { prepare: async (next) => (await loaded())?.service.prepare(next) };
}

/** A ports file elsewhere; `place` holds the one of now. */
export function portsFilePart(
  place: { portsFile: PortsFile | undefined },
  urls: ServerUrls,
): ReloadPart {
  return {
    prepare: (next, previous) => {
      if (next.portsFileDir === previous.portsFileDir) return undefined;
      const former = place.portsFile;
      let made: PortsFile | undefined;
      if (next.portsFileDir !== undefined) {
        made = new PortsFile(next.portsFileDir, process.pid);
        made.write(urls);
      }
      return {
        commit: () => {
          former?.remove();
          place.portsFile = made;
        },
        abandon: () => made?.remove(),
      };
    },
  };
}
