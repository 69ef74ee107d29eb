// env: where weftctl looks.
import { type Command, JSON_OPTION } from "../command-line/command.ts";
import { EXIT } from "../command-line/failure.ts";
import { formatRows } from "../describe/rows.ts";
import { operatorNames } from "../store/operator-store.ts";
import { Workplace } from "../store/workplace.ts";

const env: Command = {
  words: ["env"],
  summary: "Show where operators and keys are",
  options: [JSON_OPTION],
  examples: ["env"],
  run(words, host) {
    const { places } = new Workplace(words, host);
    const { operatorsFolder, keysFolder } = places;
    const operators = operatorNames(operatorsFolder);
    if (words.flag("json")) {
      host.print(JSON.stringify({ operatorsFolder, keysFolder, operators }, undefined, 2));
    } else {
      const rows = [
        ["Operators in", operatorsFolder],
        ["Keys in", keysFolder],
        ["Operators", operators],
      ] as const;
      for (const line of formatRows(rows)) host.print(line);
    }
    return EXIT.done;
  },
};

export const ENV_COMMANDS: readonly Command[] = [env];
