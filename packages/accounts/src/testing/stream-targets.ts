// Who sees a message of an account, one entry for each import that brings it. Test support.
import type { CompiledAccount, StreamTargetGroup } from "../routing.ts";

export interface StreamTarget extends Pick<StreamTargetGroup, "subject" | "allowTrace"> {
  readonly importer: number;
}

export function streamTargets(account: CompiledAccount, subject: string): StreamTarget[] {
  return account
    .streamTargetGroups(subject)
    .flatMap(({ importers, subject: seenAs, allowTrace }) =>
      importers.map((importer) => ({ importer, subject: seenAs, allowTrace })),
    );
}
