// A strict reader of systemd units for tests: sections, directives and values as systemd takes them,
// for those directives that the unit of `deploy/` may use. Used by tests only.

const FLAG = /^(yes|no)$/;
const COUNT = /^\d+$/;
const SIGNAL = /^SIG[A-Z0-9]+$/;
const MODE = /^0[0-7]{3}$/;
const NAME = /^[a-z][a-z0-9_-]*$/;
const COMMAND = /^\/\S+( \S+)*$/;
const PATH = /^\/\S*$/;
const UNITS = /^[\w@.-]+\.(target|service|socket)( [\w@.-]+\.(target|service|socket))*$/;

/** Directives that may stand more than once add up; of the others systemd keeps the last. */
const REPEATABLE = new Set([
  "Environment",
  "ExecStartPre",
  "ExecStartPost",
  "ExecReload",
  "SystemCallFilter",
]);

const DIRECTIVES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  Unit: {
    Description: /\S/,
    Documentation: /^(file:\/|https:\/\/)\S+$/,
    Wants: UNITS,
    After: UNITS,
    StartLimitIntervalSec: COUNT,
    StartLimitBurst: COUNT,
  },
  Service: {
    Type: /^(exec|simple)$/,
    ExecStartPre: COMMAND,
    ExecStart: COMMAND,
    ExecStartPost: COMMAND,
    ExecReload: COMMAND,
    WorkingDirectory: PATH,
    EnvironmentFile: PATH,
    Environment: /^[A-Z_]+=\S+$/,
    KillSignal: SIGNAL,
    RestartKillSignal: SIGNAL,
    TimeoutStartSec: COUNT,
    TimeoutStopSec: COUNT,
    Restart: /^on-failure$/,
    RestartSec: COUNT,
    LimitNOFILE: COUNT,
    LimitCORE: COUNT,
    TasksMax: COUNT,
    OOMPolicy: /^(stop|continue|kill)$/,
    DynamicUser: FLAG,
    User: NAME,
    RuntimeDirectory: NAME,
    RuntimeDirectoryMode: MODE,
    CacheDirectory: NAME,
    CacheDirectoryMode: MODE,
    LogsDirectory: NAME,
    LogsDirectoryMode: MODE,
    StateDirectory: NAME,
    StateDirectoryMode: MODE,
    UMask: MODE,
    CapabilityBoundingSet: /^(CAP_[A-Z_]+( |$))*$/,
    AmbientCapabilities: /^(CAP_[A-Z_]+( |$))*$/,
    NoNewPrivileges: FLAG,
    ProtectSystem: /^(strict|full|yes|no)$/,
    ProtectHome: FLAG,
    PrivateTmp: FLAG,
    PrivateDevices: FLAG,
    PrivateUsers: FLAG,
    ProtectClock: FLAG,
    ProtectControlGroups: FLAG,
    ProtectHostname: FLAG,
    ProtectKernelLogs: FLAG,
    ProtectKernelModules: FLAG,
    ProtectKernelTunables: FLAG,
    ProtectProc: /^(invisible|ptraceable|noaccess|default)$/,
    ProcSubset: /^(pid|all)$/,
    RemoveIPC: FLAG,
    RestrictAddressFamilies: /^AF_[A-Z0-9]+( AF_[A-Z0-9]+)*$/,
    RestrictNamespaces: FLAG,
    RestrictRealtime: FLAG,
    RestrictSUIDSGID: FLAG,
    LockPersonality: FLAG,
    SystemCallArchitectures: /^native$/,
    SystemCallFilter: /^~?@[a-z-]+( @[a-z-]+)*$/,
    SystemCallErrorNumber: /^E[A-Z]+$/,
  },
  Install: { WantedBy: UNITS },
};

export interface SystemdUnit {
  /** Values by "Section.Directive", in the order of the file. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Such as "line 3: unknown directive Foo in [Unit]". */
  readonly findings: readonly string[];
}

export function readUnit(text: string): SystemdUnit {
  const values = new Map<string, string[]>();
  const findings: string[] = [];
  let section = "";
  for (const [index, line] of text.split("\n").entries()) {
    const found = (problem: string): number => findings.push(`line ${index + 1}: ${problem}`);
    if (line === "" || line.startsWith("#")) continue;
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading;
      if (!(section in DIRECTIVES)) found(`unknown section [${section}]`);
      continue;
    }
    const [, name, value = ""] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    const pattern = name === undefined ? undefined : DIRECTIVES[section]?.[name];
    if (name === undefined) found("neither section nor directive");
    else if (pattern === undefined) found(`unknown directive ${name} in [${section}]`);
    else if (!pattern.test(value)) found(`wrong value of ${name}: ${value}`);
    const path = `${section}.${name}`;
    const earlier = values.get(path) ?? [];
    if (earlier.length > 0 && !REPEATABLE.has(name ?? "")) found(`${name} again`);
    values.set(path, [...earlier, value]);
  }
  return { values, findings };
}
