// The command line as one table.
import type { Command } from "../command-line/command.ts";
import { ACCOUNT_COMMANDS } from "./account.ts";
import { CALLOUT_COMMANDS } from "./authcallout.ts";
import { CHECK_COMMANDS } from "./check.ts";
import { CONFIG_COMMANDS } from "./config.ts";
import { DESCRIBE_COMMANDS } from "./describe.ts";
import { ENV_COMMANDS } from "./env.ts";
import { EXPORT_COMMANDS } from "./export.ts";
import { GENERATE_COMMANDS } from "./generate.ts";
import { IMPORT_COMMANDS } from "./import.ts";
import { LIST_COMMANDS } from "./list.ts";
import { MAPPING_COMMANDS } from "./mapping.ts";
import { OPERATOR_COMMANDS } from "./operator.ts";
import { PUSH_COMMANDS } from "./push.ts";
import { REVOCATION_COMMANDS } from "./revocations.ts";
import { SIGNING_KEY_COMMANDS } from "./signing-key.ts";
import { USER_COMMANDS } from "./user.ts";
import { VALIDATE_COMMANDS } from "./validate.ts";

/** In the order of help. */
export const ALL_COMMANDS: readonly Command[] = [
  ...OPERATOR_COMMANDS,
  ...ACCOUNT_COMMANDS,
  ...SIGNING_KEY_COMMANDS,
  ...USER_COMMANDS,
  ...EXPORT_COMMANDS,
  ...IMPORT_COMMANDS,
  ...MAPPING_COMMANDS,
  ...CALLOUT_COMMANDS,
  ...REVOCATION_COMMANDS,
  ...GENERATE_COMMANDS,
  ...CONFIG_COMMANDS,
  ...LIST_COMMANDS,
  ...DESCRIBE_COMMANDS,
  ...VALIDATE_COMMANDS,
  ...PUSH_COMMANDS,
  ...CHECK_COMMANDS,
  ...ENV_COMMANDS,
];
