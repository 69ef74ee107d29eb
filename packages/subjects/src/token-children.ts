// The children of a trie node by their tokens. Any thread; pure. Most nodes have one child at most,
// and whoever writes filters can make very many nodes: a single child stands without a map around it,
// which would take three times the memory of the node.

/** A node knows the token that leads to it. */
interface Child {
  readonly token: string;
}

/** Undefined = none, else the only one, or several by token. */
export type TokenChildren<N extends Child> = N | Map<string, N> | undefined;

/** The child for a token. */
export function childFor<N extends Child>(
  children: TokenChildren<N>,
  token: string,
): N | undefined {
  if (children instanceof Map) return children.get(token);
  return children?.token === token ? children : undefined;
}

/** With one more, whose token had none: takes the place of `children`. */
export function withChild<N extends Child>(children: TokenChildren<N>, child: N): TokenChildren<N> {
  if (children === undefined) return child;
  const several = children instanceof Map ? children : new Map([[children.token, children]]);
  return several.set(child.token, child);
}

/** Without the one for a token: takes the place of `children`. */
export function withoutChild<N extends Child>(
  children: TokenChildren<N>,
  token: string,
): TokenChildren<N> {
  if (!(children instanceof Map)) return children?.token === token ? undefined : children;
  children.delete(token);
  return children.size > 1 ? children : [...children.values()][0];
}

/** Puts all of them behind what is in `list`. */
export function pushChildren<N extends Child>(children: TokenChildren<N>, list: N[]): void {
  if (children instanceof Map) for (const child of children.values()) list.push(child);
  else if (children !== undefined) list.push(children);
}
