// The image and the compose file in deploy/docker. Reads the repository; starts nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../tidy/source-file.ts";
import { execForm, type Instruction, readDockerfile } from "./dockerfile.ts";
import { checkShape, type Shape } from "./shape.ts";
import { readYaml } from "./yaml-document.ts";

const read = (name: string): string =>
  readFileSync(join(repositoryRoot, "deploy/docker", name), "utf8");
const stages = readDockerfile(read("Dockerfile"));
const server = stages.at(-1);
if (server === undefined) throw new Error("no stage");

const all = (name: string): Instruction[] => server.instructions.filter((it) => it.name === name);
const only = (name: string): string => {
  expect(all(name), name).toHaveLength(1);
  return all(name)[0]?.rest ?? "";
};
/** What the last stage copies: `from` is undefined for the build context. */
const copies = all("COPY").map(({ rest }) => {
  const [, from, source = "", target = ""] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(rest) ?? [];
  return { from, source: source.replace(/^\/opt\/weft\//, ""), target };
});
const port = Number(/^listen: "0\.0\.0\.0:(\d+)"$/m.exec(read("weft.conf"))?.[1]);

test("a wrong Dockerfile is refused", () => {
  const wrong = {
    "RUN x": "before FROM",
    "FROM debian AS a": "without a version",
    "FROM a:1 AS a\nFROM a:1 AS a": "a again",
    "FROM a:1 AS a\nCOPY --from=b x y": "no stage b",
    "FROM a:1 AS a\nUSERS x": "unknown instruction USERS",
    "FROM a:1 AS a\nCMD x\nCMD y": "CMD again",
    "FROM a:1 AS a\nRUN x \\": "does not end",
  };
  for (const [text, problem] of Object.entries(wrong)) {
    expect(() => readDockerfile(text), text).toThrow(problem);
  }
  expect(() => execForm('["a", 1]')).toThrow("exec form");
});

test("the image is built in stages, and the last one has neither sources nor npm", () => {
  expect(stages.map((stage) => stage.name)).toEqual(["build", "packages", "server"]);
  expect(server.image).not.toContain("node");
  expect(copies.map((it) => it.source)).not.toContain(".");
});

test("what is copied is in the repository or made by the build", () => {
  const made = new Set(["node_modules", "apps/server/dist/bundle", "apps/ctl/dist/bundle"]);
  const sources = copies.map((it) => it.source).filter((source) => !made.has(source));
  expect(sources.length).toBeGreaterThan(2);
  expect(sources.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

test("the server is not root and owns none of its files", () => {
  expect(only("USER")).toMatch(/^[1-9]\d{4}:[1-9]\d{4}$/);
  expect(all("COPY").filter(({ rest }) => rest.includes("--chown"))).toEqual([]);
});

test("the program gets the signals, and its configuration is in the image", () => {
  expect(execForm(only("ENTRYPOINT"))).toEqual(["apps/server/bin/weft"]);
  expect(execForm(only("CMD"))).toEqual(["-c", "/etc/weft/weft.conf", "--strict"]);
  expect(copies.map((it) => it.target)).toContain("/etc/weft/weft.conf");
  expect(only("STOPSIGNAL")).toBe("SIGTERM");
});

test("a volume for account tokens belongs to the server's user", () => {
  const made = only("RUN").match(/install -d -o (\S+) -g \S+ -m (\d+) (\S+)/);
  expect(made?.slice(1)).toEqual(["weft", "0700", "/var/lib/weft"]);
});

test("weftctl is there, with what it needs beside its bundle", () => {
  const targets = copies.map((it) => it.target);
  for (const part of ["package.json", "bin", "dist/bundle"]) {
    expect(targets).toContain(`apps/ctl/${part}`);
  }
  const lock = JSON.parse(readFileSync(join(repositoryRoot, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean } | undefined>>;
  };
  // The client library is not in the bundle, so it must not be one that only tests need.
  expect(lock.packages["node_modules/@nats-io/transport-node"]?.dev).toBeUndefined();
  const page = readFileSync(join(repositoryRoot, "docs/run.md"), "utf8");
  expect(page).toContain("--entrypoint apps/ctl/bin/weftctl weft");
});

test("the health check asks the port of the configuration", () => {
  expect(port).toBeGreaterThan(0);
  expect(only("EXPOSE")).toBe(String(port));
  const command = execForm(only("HEALTHCHECK").replace(/^(--\S+ +)*CMD +/, ""));
  const script = "deploy/healthcheck.mjs";
  expect(command).toEqual(["node_modules/.bin/node", script, `127.0.0.1:${port}`]);
  expect(copies.map((it) => it.target)).toContain(script);
});

test("the build context has no installed packages, build output or keys", () => {
  const ignored = read("Dockerfile.dockerignore").split("\n");
  for (const pattern of ["**/.git", "**/node_modules", "**/dist", "**/*.key", "**/.env"]) {
    expect(ignored).toContain(pattern);
  }
});

const COMPOSE_SHAPE: Shape = {
  fields: {
    "name!": /^[a-z]+$/,
    "services!": {
      fields: {
        "weft!": {
          fields: {
            "image!": "text",
            "build!": { fields: { "context!": "text", "dockerfile!": "text" } },
            "environment!": "texts",
            "ports!": { list: /^[\d.]+:\d+:\d+$/ },
            "volumes!": { list: /^\.\/[\w.]+:\/[\w./]+:ro$/ },
            "restart!": /^(on-failure|always|unless-stopped)$/,
            "stop_grace_period!": /^\d+s$/,
            "read_only!": "flag",
            "cap_drop!": { list: /^ALL$/ },
            "security_opt!": { list: /^no-new-privileges:true$/ },
            "pids_limit!": "count",
            "ulimits!": {
              fields: { "nofile!": { fields: { "soft!": "count", "hard!": "count" } } },
            },
            "deploy!": {
              fields: {
                "resources!": {
                  fields: {
                    "limits!": { fields: { "cpus!": /^\d+(\.\d+)?$/, "memory!": /^\d+[MG]$/ } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

interface Compose {
  readonly services: {
    readonly weft: {
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly environment: Readonly<Record<string, string>>;
      readonly ports: readonly string[];
      readonly volumes: readonly string[];
      readonly stop_grace_period: string;
    };
  };
}

const compose = readYaml(read("compose.yaml"));
const { weft } = (compose as Compose).services;

test("compose.yaml has known keys with fitting values", () => {
  expect(checkShape(compose, COMPOSE_SHAPE, "compose")).toEqual([]);
  expect(checkShape({ name: "weft", service: {} }, COMPOSE_SHAPE, "compose")).toEqual([
    "compose.services: missing",
    "compose.service: unknown",
  ]);
});

test("compose.yaml builds this image, mounts its configuration and sets its variables", () => {
  const context = join(repositoryRoot, "deploy/docker", weft.build.context);
  expect(join(context, weft.build.dockerfile)).toBe(
    join(repositoryRoot, "deploy/docker/Dockerfile"),
  );
  expect(existsSync(join(context, "package-lock.json"))).toBe(true);
  expect(weft.volumes).toEqual(["./weft.conf:/etc/weft/weft.conf:ro"]);
  const settings = read("weft.conf").replace(/^#.*$/gm, "");
  const used = [...settings.matchAll(/\$([A-Z_]+)/g)].map((it) => it[1]);
  expect(Object.keys(weft.environment)).toEqual(used);
  expect(weft.ports).toEqual([`127.0.0.1:${port}:${port}`]);
});

test("compose.yaml waits for the end of lame duck mode", () => {
  const durationSeconds = Number(/^lame_duck_duration: "(\d+)s"$/m.exec(read("weft.conf"))?.[1]);
  expect(durationSeconds).toBeGreaterThanOrEqual(30);
  expect(Number.parseInt(weft.stop_grace_period, 10)).toBeGreaterThan(durationSeconds);
});
