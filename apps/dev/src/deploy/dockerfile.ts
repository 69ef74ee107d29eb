// A strict reader of Dockerfiles for tests: stages with their instructions, continuation lines joined.
// Used by tests only.

export interface Instruction {
  readonly line: number;
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

const NAMES = new Set(
  "FROM WORKDIR COPY RUN USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD ENV ARG LABEL".split(
    " ",
  ),
);
/** Instructions of which the last one counts: a second one in a stage is a mistake. */
const ONCE = ["USER", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"];

function readInstructions(text: string): Instruction[] {
  const found: Instruction[] = [];
  let open = "";
  let openLine = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (open === "" && (line.trim() === "" || line.startsWith("#"))) continue;
    if (open === "") openLine = index + 1;
    open += line.trim();
    if (open.endsWith("\\")) {
      open = open.slice(0, -1);
      continue;
    }
    const [, name = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(open) ?? [];
    found.push({ line: openLine, name, rest });
    open = "";
  }
  if (open !== "") throw new Error(`line ${openLine}: does not end`);
  return found;
}

/** Exec form is JSON; the shell form would put a shell between the server and its signals. */
export function execForm(rest: string): string[] {
  const words: unknown = JSON.parse(rest);
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
    throw new Error(`not in exec form: ${rest}`);
  }
  return words;
}

/** The stages in order. Throws at what Docker would refuse, as far as it is checked here. */
export function readDockerfile(text: string): Stage[] {
  const stages: { name: string; image: string; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(text)) {
    const { line, name, rest } = instruction;
    if (!NAMES.has(name)) throw new Error(`line ${line}: unknown instruction ${name}`);
    if (name === "FROM") {
      const [, image = "", stage = ""] = /^(\S+) AS ([a-z]+)$/.exec(rest) ?? [];
      if (!/:[\w.-]+$/.test(image)) throw new Error(`line ${line}: image without a version`);
      if (stages.some((it) => it.name === stage)) throw new Error(`line ${line}: ${stage} again`);
      stages.push({ name: stage, image, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`line ${line}: ${name} before FROM`);
    if (ONCE.includes(name) && stage.instructions.some((it) => it.name === name)) {
      throw new Error(`line ${line}: ${name} again`);
    }
    const from = /^--from=(\S+) /.exec(rest)?.[1];
    if (name === "COPY" && from !== undefined && !stages.slice(0, -1).some((s) => s.name === from))
      throw new Error(`line ${line}: no stage ${from}`);
    stage.instructions.push(instruction);
  }
  return stages;
}
