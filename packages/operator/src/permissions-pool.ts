// Compiled permissions of users with tokens, each set once. Owned by a worker. Must stay true: the
// pool is bounded; the set unused for longest makes room, and lives on with whoever has it.
import { createHash } from "node:crypto";
import {
  type CompiledPermissions,
  compilePermissions,
  type PermissionsSpec,
  permissionsKey,
} from "@weft/auth";

const SETS_MAX = 1_024;
/** Longer keys are known by their hash. */
const KEY_LENGTH_MAX = 128;

export interface PooledPermissions {
  readonly permissionsKey: string;
  readonly permissions: CompiledPermissions;
}

export class PermissionsPool {
  readonly #sets = new Map<string, PooledPermissions>();

  of(spec: PermissionsSpec | undefined): PooledPermissions {
    const key = shortKey(permissionsKey(spec));
    const known = this.#sets.get(key);
    if (known !== undefined) {
      this.#sets.delete(key);
      this.#sets.set(key, known);
      return known;
    }
    const made = { permissionsKey: key, permissions: compilePermissions(spec) };
    for (const oldest of this.#sets.keys()) {
      if (this.#sets.size < SETS_MAX) break;
      this.#sets.delete(oldest);
    }
    this.#sets.set(key, made);
    return made;
  }
}

function shortKey(key: string): string {
  if (key.length <= KEY_LENGTH_MAX) return key;
  return `sha256:${createHash("sha256").update(key).digest("base64")}`;
}
