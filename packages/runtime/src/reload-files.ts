// The files of a server that follow a reload: log and ports file (RL-02, RL-06). Control thread.
import type { LogSink } from "./log-writer.ts";
import type { ReloadPart } from "./runtime.ts";
import { PortsFile } from "./server-files.ts";

/** The log file is opened before anything changes; a log that cannot change goes on as it is. */
export function logPart(log: LogSink): ReloadPart {
  return {
    prepare: ({ logging }) => log.prepareUpdate?.(logging),
  };
}

/** A ports file elsewhere; `place` holds the one of now. */
export function portsFilePart(
  place: { portsFile: PortsFile | undefined },
  urls: () => readonly string[],
): ReloadPart {
  return {
    prepare: (next, previous) => {
      if (next.portsFileDir === previous.portsFileDir) return undefined;
      const former = place.portsFile;
      let made: PortsFile | undefined;
      if (next.portsFileDir !== undefined) {
        made = new PortsFile(next.portsFileDir, process.pid);
        made.write(urls());
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
