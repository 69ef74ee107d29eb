// Compiled permissions of users with tokens, each set once. Owned by a worker. Must stay true: the
// pool is bounded, by number and by what its sets take; the set unused for longest makes room, and
// lives on with whoever has it.
import {
  type CompiledPermissions,
  compilePermissions,
  type PermissionsSpec,
  permissionsKey,
} from "@weft/auth";

const SETS_MAX = 1_024;
/** Some 20 MB. A token of 4 KB can hold a set of a thousand tokens, and a user can make many. */
const TOKENS_MAX = 65_536;

export interface PooledPermissions {
  readonly permissionsKey: string;
  readonly permissions: CompiledPermissions;
}

export class PermissionsPool {
  readonly #sets = new Map<string, PooledPermissions>();
  #tokensCount = 0;

  /** Tokens of all sets that are kept. */
  get tokensCount(): number {
    return this.#tokensCount;
  }

  /** `key`: that of `spec`, where it is known. */
  of(spec: PermissionsSpec | undefined, key = permissionsKey(spec)): PooledPermissions {
    const known = this.#sets.get(key);
    if (known !== undefined) {
      this.#sets.delete(key);
      this.#sets.set(key, known);
      return known;
    }
    const made = { permissionsKey: key, permissions: compilePermissions(spec) };
    this.#tokensCount += made.permissions.tokensCount;
    this.#sets.set(key, made);
    for (const [oldest, { permissions }] of this.#sets) {
      if (this.#sets.size <= SETS_MAX && this.#tokensCount <= TOKENS_MAX) break;
      this.#sets.delete(oldest);
      this.#tokensCount -= permissions.tokensCount;
    }
    return made;
  }
}
