// The keys of the Kubernetes API that the manifests use, by kind, with what they may hold. A subset
// of the API of 1.31: a manifest that needs another key adds it here. Used by tests only.
import type { Fields, Shape } from "./shape.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const PORT_NAME = /^[a-z0-9-]{1,15}$/;
const CPU = /^(\d+m|\d+(\.\d+)?)$/;
const MEMORY = /^\d+(Ki|Mi|Gi)$/;
const ABSOLUTE = /^\//;

const metadata: Shape = { fields: { "name!": NAME, "labels!": "texts" } };
const selector: Shape = { fields: { "matchLabels!": "texts" } };
const amounts: Shape = { fields: { "cpu!": CPU, "memory!": MEMORY } };

const probe: Shape = {
  fields: {
    exec: { fields: { "command!": { list: "text" } } },
    tcpSocket: { fields: { "port!": PORT_NAME } },
    "periodSeconds!": "count",
    "timeoutSeconds!": "count",
    "failureThreshold!": "count",
  },
};

const variable: Shape = {
  fields: {
    "name!": /^[A-Z][A-Z0-9_]*$/,
    value: "text",
    valueFrom: {
      fields: {
        fieldRef: { fields: { "fieldPath!": "text" } },
        secretKeyRef: { fields: { "name!": NAME, "key!": "text" } },
      },
    },
  },
};

const container: Shape = {
  fields: {
    "name!": NAME,
    "image!": /:[^:/]+$/,
    "imagePullPolicy!": /^(Always|IfNotPresent|Never)$/,
    args: { list: "text" },
    env: { list: variable },
    "ports!": {
      list: {
        fields: { "name!": PORT_NAME, "containerPort!": "count", "protocol!": /^(TCP|UDP)$/ },
      },
    },
    "startupProbe!": probe,
    "readinessProbe!": probe,
    "livenessProbe!": probe,
    "resources!": { fields: { "requests!": amounts, "limits!": amounts } },
    "securityContext!": {
      fields: {
        "allowPrivilegeEscalation!": "flag",
        "readOnlyRootFilesystem!": "flag",
        "capabilities!": { fields: { "drop!": { list: "text" } } },
      },
    },
    volumeMounts: {
      list: { fields: { "name!": NAME, "mountPath!": ABSOLUTE, "readOnly!": "flag" } },
    },
  },
};

const pod: Shape = {
  fields: {
    "automountServiceAccountToken!": "flag",
    "terminationGracePeriodSeconds!": "count",
    "securityContext!": {
      fields: {
        "runAsNonRoot!": "flag",
        "runAsUser!": "count",
        "runAsGroup!": "count",
        "seccompProfile!": { fields: { "type!": /^RuntimeDefault$/ } },
      },
    },
    "containers!": { list: container },
    volumes: {
      list: { fields: { "name!": NAME, "configMap!": { fields: { "name!": NAME } } } },
    },
  },
};

function manifest(apiVersion: RegExp, kind: RegExp, rest: Fields): Shape {
  return { fields: { "apiVersion!": apiVersion, "kind!": kind, "metadata!": metadata, ...rest } };
}

export const KUBERNETES_SHAPES: Readonly<Record<string, Shape>> = {
  ConfigMap: manifest(/^v1$/, /^ConfigMap$/, { "data!": "texts" }),
  Service: manifest(/^v1$/, /^Service$/, {
    "spec!": {
      fields: {
        "type!": /^(ClusterIP|NodePort|LoadBalancer)$/,
        "selector!": "texts",
        "ports!": {
          list: {
            fields: {
              "name!": PORT_NAME,
              "port!": "count",
              "targetPort!": PORT_NAME,
              "protocol!": /^(TCP|UDP)$/,
              appProtocol: "text",
            },
          },
        },
      },
    },
  }),
  StatefulSet: manifest(/^apps\/v1$/, /^StatefulSet$/, {
    "spec!": {
      fields: {
        "serviceName!": NAME,
        "replicas!": "count",
        "selector!": selector,
        "template!": {
          fields: { "metadata!": { fields: { "labels!": "texts" } }, "spec!": pod },
        },
      },
    },
  }),
  PodDisruptionBudget: manifest(/^policy\/v1$/, /^PodDisruptionBudget$/, {
    "spec!": {
      fields: {
        "minAvailable!": "count",
        unhealthyPodEvictionPolicy: /^(AlwaysAllow|IfHealthyBudget)$/,
        "selector!": selector,
      },
    },
  }),
};

export const KUSTOMIZATION_SHAPE: Shape = {
  fields: {
    "apiVersion!": /^kustomize\.config\.k8s\.io\/v1beta1$/,
    "kind!": /^Kustomization$/,
    "resources!": { list: /^[a-z]+\.yaml$/ },
  },
};
