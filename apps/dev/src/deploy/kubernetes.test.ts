// The manifests in deploy/kubernetes: keys and values against shapes, names against each other, and
// what a pod of this server must have. Reads the repository; starts nothing.
import { expect, test } from "vitest";
import { listFiles } from "../tidy/source-file.ts";
import { KUBERNETES_SHAPES, KUSTOMIZATION_SHAPE } from "./kubernetes-shapes.ts";
import { checkShape } from "./shape.ts";
import { readYaml } from "./yaml-document.ts";

interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly tcpSocket?: { readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

type Labels = Readonly<Record<string, string>>;
interface Named {
  readonly name: string;
}

interface StatefulSet {
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly automountServiceAccountToken: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly Named[];
          readonly ports: readonly (Named & { readonly containerPort: number })[];
          readonly startupProbe: Probe;
          readonly readinessProbe: Probe;
          readonly livenessProbe: Probe;
          readonly securityContext: {
            readonly allowPrivilegeEscalation: boolean;
            readonly readOnlyRootFilesystem: boolean;
            readonly capabilities: { readonly drop: readonly string[] };
          };
          readonly volumeMounts: readonly (Named & { readonly mountPath: string })[];
        }[];
        readonly volumes: readonly (Named & { readonly configMap: Named })[];
      };
    };
  };
}

interface Service {
  readonly metadata: Named;
  readonly spec: {
    readonly selector: Labels;
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
  };
}

interface ConfigMap {
  readonly metadata: Named;
  readonly data: Labels;
}

interface Budget {
  readonly spec: {
    readonly minAvailable: number;
    readonly selector: { readonly matchLabels: Labels };
  };
}

const FOLDER = "deploy/kubernetes";
const files = listFiles(FOLDER, (path) => path.endsWith(".yaml")).map(({ path, text }) => ({
  name: path.slice(FOLDER.length + 1),
  value: readYaml(text) as Record<string, unknown>,
}));
const manifests = files.filter(({ name }) => name !== "kustomization.yaml");

function ofKind(kind: string): unknown {
  const found = manifests.filter(({ value }) => value["kind"] === kind);
  expect(found, kind).toHaveLength(1);
  return found[0]?.value;
}

const set = ofKind("StatefulSet") as StatefulSet;
const service = ofKind("Service") as Service;
const config = ofKind("ConfigMap") as ConfigMap;
const budget = ofKind("PodDisruptionBudget") as Budget;
const pod = set.spec.template.spec;
const [container] = pod.containers;
if (container === undefined) throw new Error("the pod has no container");

test("manifests have known keys with fitting values", () => {
  const findings = manifests.flatMap(({ name, value }) => {
    const shape = KUBERNETES_SHAPES[String(value["kind"])];
    return shape === undefined ? [`${name}: unknown kind`] : checkShape(value, shape, name);
  });
  expect(findings).toEqual([]);
});

test("a wrong manifest is found", () => {
  const shape = KUBERNETES_SHAPES["PodDisruptionBudget"];
  if (shape === undefined) throw new Error("no shape");
  const wrong = { ...budget, apiVersion: "policy/v1beta1", spec: { minAvailable: "1", max: 1 } };
  expect(checkShape(wrong, shape, "B")).toEqual([
    "B.apiVersion: wrong value",
    "B.spec.selector: missing",
    "B.spec.minAvailable: wrong value",
    "B.spec.max: unknown",
  ]);
});

test("the kustomization names every manifest and nothing else", () => {
  const found = files.find(({ name }) => name === "kustomization.yaml")?.value;
  expect(checkShape(found, KUSTOMIZATION_SHAPE, "kustomization")).toEqual([]);
  const listed = [...(found as { resources: string[] }).resources].sort();
  expect(listed).toEqual(manifests.map(({ name }) => name).sort());
});

test("service, budget and set choose the pods of the template", () => {
  const { labels } = set.spec.template.metadata;
  expect(set.spec.selector.matchLabels).toEqual(labels);
  expect(budget.spec.selector.matchLabels).toEqual(labels);
  expect(service.spec.selector).toEqual(labels);
  expect(set.spec.serviceName).toBe(service.metadata.name);
});

test("there is one server, and evictions do not take it", () => {
  expect(set.spec.replicas).toBe(1);
  expect(budget.spec.minAvailable).toBe(1);
});

test("ports are those of the configuration", () => {
  const listen = /^listen: "0\.0\.0\.0:(\d+)"$/m.exec(config.data["weft.conf"] ?? "");
  const port = Number(listen?.[1]);
  expect(container.ports.map((it) => it.containerPort)).toEqual([port]);
  expect(service.spec.ports.map((it) => it.port)).toEqual([port]);
  const names = container.ports.map((it) => it.name);
  expect(service.spec.ports.map((it) => it.targetPort)).toEqual(names);
  expect(names).toContain(container.livenessProbe.tcpSocket?.port);
  for (const { exec } of [container.startupProbe, container.readinessProbe]) {
    expect(exec?.command.slice(1)).toEqual(["deploy/healthcheck.mjs", `127.0.0.1:${port}`]);
  }
});

test("the configuration is mounted where the arguments look, and its variables are set", () => {
  expect(pod.volumes.map((it) => it.configMap.name)).toEqual([config.metadata.name]);
  expect(container.volumeMounts.map((it) => it.name)).toEqual(pod.volumes.map((it) => it.name));
  const paths = Object.keys(config.data).map((file) => `/etc/weft/${file}`);
  expect(container.volumeMounts.map((it) => it.mountPath)).toEqual(["/etc/weft"]);
  expect(container.args).toEqual(["-c", paths[0], "--strict"]);
  const used = [...(config.data["weft.conf"] ?? "").matchAll(/\$([A-Z_]+)/g)].map((it) => it[1]);
  expect(used.sort()).toEqual(container.env.map((it) => it.name).sort());
});

test("lame duck mode ends before a probe or the end of the pod cuts it", () => {
  const text = config.data["weft.conf"] ?? "";
  const durationSeconds = Number(/^lame_duck_duration: "(\d+)s"$/m.exec(text)?.[1]);
  expect(durationSeconds).toBeGreaterThanOrEqual(30);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(durationSeconds);
  const { periodSeconds, failureThreshold } = container.livenessProbe;
  expect(periodSeconds * failureThreshold).toBeGreaterThan(durationSeconds);
});

test("the pod is not root and can change nothing", () => {
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});
