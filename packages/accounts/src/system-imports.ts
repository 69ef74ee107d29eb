// What every account may ask of the system account without an import of its own (SY-33, SY-36): its
// connections and statistics, and who its user is. Any thread; pure. Made when first asked for, so
// that thousands of accounts cost nothing. Must stay true: the account's own name stands in the
// subject that the request becomes, so nobody learns anything of another account.
import { LIMITS } from "@weft/base";
import { isValidPublishSubject, subjectFromText } from "@weft/subjects";
import { SYSTEM_ACCOUNT_INDEX } from "./compile.ts";
import type { AccountSnapshot, ServiceImportSnapshot } from "./snapshot.ts";
import type { ExportSpec, ImportSpec, ResponseType } from "./spec.ts";

interface SystemService {
  /** The request's subject in the system account. */
  to(name: string): string;
  readonly responseType: ResponseType;
  /** AC-34: the service learns who asks. */
  readonly share: boolean;
  /** The system account's own users need the detour too. */
  readonly forSystem: boolean;
}

const connections: SystemService = {
  to: (name) => `$SYS.REQ.ACCOUNT.${name}.CONNZ`,
  responseType: "stream",
  share: false,
  forSystem: false,
};

const SERVICES: ReadonlyMap<string, SystemService> = new Map([
  ["$SYS.REQ.ACCOUNT.PING.CONNZ", connections],
  ["$SYS.REQ.SERVER.PING.CONNZ", connections],
  [
    "$SYS.REQ.ACCOUNT.PING.STATZ",
    {
      to: (name: string) => `$SYS.REQ.ACCOUNT.${name}.STATZ`,
      responseType: "stream",
      share: false,
      forSystem: false,
    },
  ],
  [
    "$SYS.REQ.USER.INFO",
    {
      to: (name: string) => `$SYS.REQ.USER.${name}.INFO`,
      responseType: "singleton",
      share: true,
      forSystem: true,
    },
  ],
]);

/** What those imports stand on, for those who show the system account. */
export const SYSTEM_EXPORT_SPECS: readonly ExportSpec[] = [
  { kind: "service", subject: "$SYS.REQ.ACCOUNT.*.CONNZ", responseType: "stream" },
  { kind: "service", subject: "$SYS.REQ.ACCOUNT.*.STATZ", responseType: "stream" },
  { kind: "service", subject: "$SYS.DEBUG.SUBSCRIBERS", responseType: "singleton" },
  { kind: "service", subject: "$SYS.REQ.USER.*.INFO", responseType: "singleton" },
];

const DOLLAR = 0x24;
const LETTER_S = 0x53;
const LETTER_Y = 0x59;

/** False for subjects that are no request to the system account, told by their first bytes. */
export function mayBeSystemRequest(subject: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > 4 &&
    subject[start] === DOLLAR &&
    subject[start + 1] === LETTER_S &&
    subject[start + 2] === LETTER_Y
  );
}

/**
 * In a subject of the system account it stands for all accounts: an account of that name would be
 * answered with what concerns the others.
 */
const ALL_ACCOUNTS = "PING";

/** The same as if they had been written, for those who show an account. `system`: the name. */
export function systemImportSpecs(
  { index, name }: Pick<AccountSnapshot, "index" | "name">,
  system: string,
): ImportSpec[] {
  if (name === ALL_ACCOUNTS) return [];
  const own = [...SERVICES].filter(
    ([, service]) => index !== SYSTEM_ACCOUNT_INDEX || service.forSystem,
  );
  return own.map(([subject, service]) => ({
    kind: "service",
    account: system,
    subject: service.to(name),
    to: subject,
    share: service.share,
  }));
}

/** The import that `account` has of itself on `subject`, if any. */
export function systemImport(
  account: AccountSnapshot,
  subject: string,
): ServiceImportSnapshot | undefined {
  const service = SERVICES.get(subject);
  if (service === undefined) return undefined;
  const { index, name } = account;
  if (index === SYSTEM_ACCOUNT_INDEX && !service.forSystem) return undefined;
  if (name === ALL_ACCOUNTS) return undefined;
  // Such a name is no token: nobody can ask for it in the reference either.
  if (name.includes(".") || !isValidPublishSubject(subjectFromText(name))) return undefined;
  return {
    importer: index,
    exporter: SYSTEM_ACCOUNT_INDEX,
    from: subject,
    to: subjectFromText(service.to(name)),
    toIsLiteral: true,
    responseType: service.responseType,
    responseThresholdMs: LIMITS.serviceResponseThresholdMs,
    share: service.share,
    allowTrace: false,
    latency: undefined,
  };
}
