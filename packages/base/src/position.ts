/** Where in a configuration something was written. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, the form that every configuration error starts with. */
export function formatPosition(position: SourcePosition): string {
  return `${position.file}:${position.line}:${position.column}`;
}

/** A finding about the configuration, with its place if it has one. */
export interface ConfigProblem {
  readonly message: string;
  readonly at?: SourcePosition | undefined;
}
