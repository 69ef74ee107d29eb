// The values of a parsed configuration. Control thread. Must stay true: every value knows where it
// was written; a tree is finite and no deeper than CONFIG_LIMITS.nestingMax; subtrees may be shared
// (a variable used twice), so nobody changes a node.
import type { SourcePosition } from "@weft/base";

interface NodeBase {
  readonly at: SourcePosition;
  /** Values in this subtree, counted as often as they appear. */
  readonly size: number;
  /** Containers below each other: 0 for a scalar. */
  readonly height: number;
}

export interface StringNode extends NodeBase {
  readonly kind: "string";
  readonly value: string;
}

/** A whole number with its suffix already applied, within 64 bits (CF-07). */
export interface IntegerNode extends NodeBase {
  readonly kind: "integer";
  readonly value: number;
  /** The same without rounding. */
  readonly exact: bigint;
}

export interface FloatNode extends NodeBase {
  readonly kind: "float";
  readonly value: number;
}

export interface BooleanNode extends NodeBase {
  readonly kind: "boolean";
  readonly value: boolean;
}

/** CF-08. */
export interface DatetimeNode extends NodeBase {
  readonly kind: "datetime";
  /** As written: `2006-01-02T15:04:05Z`. */
  readonly value: string;
}

export interface ListNode extends NodeBase {
  readonly kind: "list";
  readonly items: readonly ConfigNode[];
}

export interface MapNode extends NodeBase {
  readonly kind: "map";
  /** By key as written (CF-03: options compare keys without case). */
  readonly entries: ReadonlyMap<string, ConfigEntry>;
}

export type ConfigNode =
  | StringNode
  | IntegerNode
  | FloatNode
  | BooleanNode
  | DatetimeNode
  | ListNode
  | MapNode;

/** One key of a map. */
export interface ConfigEntry {
  readonly key: string;
  /** Where the key stands: the place that findings about the option name. */
  readonly at: SourcePosition;
  readonly node: ConfigNode;
  /** A variable refers to it, so an unknown key is no mistake (CF-13). Set while parsing. */
  usedAsVariable: boolean;
}

/** Name of a node's type in findings. */
export function describeKind(node: ConfigNode): string {
  switch (node.kind) {
    case "integer":
      return "an integer";
    default:
      return `a ${node.kind}`;
  }
}
