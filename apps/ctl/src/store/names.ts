// Names of operators, accounts and users are names of files too. What must stay true: no name, also
// none that a server sent, leads out of the store.
import { Failure } from "../command-line/failure.ts";

const NAME_BYTES_MAX = 200;

/** Why a text cannot be the name of an entity; undefined = it can. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name !== name.trim()) return "begins or ends with a blank";
  if (/[/\\]/.test(name)) return "has a / or \\";
  if (name === "." || name === "..") return "is no name of a file";
  if (/[\u0000-\u001f\u007f]/.test(name)) return "has a control character";
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `has more than ${NAME_BYTES_MAX} bytes`;
  return undefined;
}

/** Throws `Failure` for what cannot be a name. */
export function checkName(kind: string, name: string): string {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new Failure(`${kind} name ${JSON.stringify(name)} ${problem}`);
  return name;
}
