// Users in a file, with bcrypt passwords and groups. Must stay true: an unknown name costs the time of
// a known one; a file that cannot be read changes nothing.
import { resolve } from "node:path";
import bcrypt from "bcryptjs";
import { z } from "zod";
import { type Backend, type Decision, type Login, PASS, refuse } from "../backend.ts";
import { applyRules } from "../rules.ts";
import { checked, readYaml, type StaticSettings } from "../settings.ts";

/** A file of users, as read from YAML. */
export const usersSchema = z.strictObject({
  users: z.array(
    z.strictObject({
      user: z.string().min(1),
      password: z.string().regex(/^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/, "a bcrypt hash is wanted"),
      groups: z.array(z.string()).default([]),
      attributes: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

type User = z.output<typeof usersSchema>["users"][number];

/** What bcrypt looks at; longer passwords are refused rather than cut. */
const PASSWORD_BYTES_MAX = 72;
/** Of nobody's password. */
const SALT = "$2b$11$abcdefghijklmnopqrstuu";
const FILLER = "5NiqHjyHRUnc2wUpdz3VJ2NVtBzTSdS";

export class StaticFileBackend implements Backend {
  readonly name = "static";
  readonly #settings: StaticSettings;
  readonly #file: string;
  #users = new Map<string, User>();
  #nobody = `${SALT}${FILLER}`;

  constructor(settings: StaticSettings, folder: string) {
    this.#settings = settings;
    this.#file = resolve(folder, settings.file);
    this.#read();
  }

  async decide({ user, password }: Login): Promise<Decision> {
    if (user === "") return PASS;
    const known = this.#users.get(user);
    const isTooLong = Buffer.byteLength(password) > PASSWORD_BYTES_MAX || password.includes("\0");
    const given = isTooLong ? "" : password;
    const fits = await bcrypt.compare(given, known?.password ?? this.#nobody);
    if (known === undefined) return PASS;
    if (!fits || isTooLong) return refuse("wrong password");
    const { groups, attributes: claims } = known;
    return applyRules(this.#settings.rules, { name: user, groups, claims }, Date.now());
  }

  async reload(): Promise<void> {
    this.#read();
  }

  #read(): void {
    const { users } = checked(usersSchema, readYaml(this.#file), this.#file);
    this.#users = new Map(users.map((one) => [one.user, one]));
    const [first] = users;
    // The cost of the others.
    if (first !== undefined) this.#nobody = first.password.slice(0, 29) + FILLER;
  }
}
