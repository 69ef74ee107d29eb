// Is this text a subject? (SU-01 to SU-03). Control thread; only for words of a configuration, at
// start, so that a wrong one is reported where it stands.
import { subjectSizeFault } from "@weft/subjects";

/** True for a subject or filter: no empty token, no white space, `>` only last. */
export function isSubject(text: string): boolean {
  if (text === "" || /[ \t\n\f\r]/.test(text)) return false;
  const tokens = text.split(".");
  return tokens.every((token, index) => {
    return token !== "" && (token !== ">" || index === tokens.length - 1);
  });
}

/** True for a subject without wildcards. */
export function isLiteralSubject(text: string): boolean {
  return isSubject(text) && !text.split(".").some((token) => token === "*" || token === ">");
}

/** What is wrong with an entry of a permission list; undefined = nothing (AZ-03, AZ-09). */
export function permissionMistake(entry: string, queueAllowed: boolean): string | undefined {
  const sizeFault = subjectSizeFault(entry);
  if (sizeFault !== undefined) return sizeFault;
  if (isSubject(entry)) return undefined;
  const words = entry.split(/\s+/u).filter((word) => word !== "");
  const [subject, queue] = words;
  if (!queueAllowed || words.length !== 2 || subject === undefined || queue === undefined) {
    return `subject ${JSON.stringify(entry)} is not a valid subject`;
  }
  if (!isSubject(subject)) return `subject ${JSON.stringify(subject)} is not a valid subject`;
  return isSubject(queue) ? undefined : `queue ${JSON.stringify(queue)} is not a valid queue`;
}
