// add import, delete import.
import { decodeTokenOf, type ImportClaim, newImport, parseDecoratedToken } from "@weft/jwt";
import { ACCOUNT_OPTION, type Command, type OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { editAccountBody } from "../edit/edit-account.ts";
import { readWanted } from "../store/files.ts";
import { Workplace } from "../store/workplace.ts";

const SOURCE: OptionSpec = {
  name: "src-account",
  value: "ACCOUNT",
  help: "who exports: public key, or name of an account of this operator",
};

const addImport: Command = {
  words: ["add", "import"],
  summary: "Import a subject of another account",
  options: [
    ACCOUNT_OPTION,
    SOURCE,
    { name: "remote-subject", value: "SUBJECT", help: "subject that the other account exports" },
    {
      name: "local-subject",
      short: "s",
      value: "SUBJECT",
      help: "name of it here; else the same",
    },
    { name: "name", short: "n", value: "NAME", help: "name of the import; else its subject" },
    { name: "service", help: "a service, not a stream" },
    { name: "token", short: "u", value: "FILE", help: "activation, for private exports" },
    { name: "share", help: "show who asks where times of a service are measured" },
    { name: "allow-trace", help: "traces of messages may pass; streams" },
  ],
  examples: [
    "add import -a SHOP --src-account ORDERS --remote-subject 'events.>' --local-subject 'orders.>'",
    "add import -a SHOP --token price.jwt --local-subject price",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const wanted = words.has("token") ? fromActivation(place) : fromOptions(place);
    const isService = wanted.type === "service";
    if (words.flag("share") && !isService) throw usageFailure("--share is for services");
    if (words.flag("allow-trace") && isService) throw usageFailure("--allow-trace is for streams");
    const added: ImportClaim = {
      ...wanted,
      name: words.text("name") ?? wanted.name,
      localSubject: words.text("local-subject") ?? wanted.localSubject,
      share: words.flag("share"),
      allowTrace: words.flag("allow-trace"),
    };
    const { name } = editAccountBody(place, (body, claims) => {
      if (claims.subject === added.account) {
        throw new Failure("an account cannot import from itself");
      }
      const known = body.imports.some(
        ({ account, subject, type }) =>
          account === added.account && subject === added.subject && type === added.type,
      );
      if (known) throw new Failure(`${added.type} "${added.subject}" is imported already`);
      return { ...body, imports: [...body.imports, added] };
    });
    host.print(`added ${added.type} import "${added.subject}" to account "${name}"`);
    return EXIT.done;
  },
};

function fromOptions(place: Workplace): ImportClaim {
  const { words } = place;
  const subject = words.wanted("remote-subject");
  const source = words.wanted("src-account");
  const type = words.flag("service") ? "service" : "stream";
  return { ...newImport(type, subject, place.accountKey(source)), name: subject };
}

function fromActivation(place: Workplace): ImportClaim {
  const { words } = place;
  const other = ["src-account", "remote-subject", "service"].find((name) => words.has(name));
  if (other !== undefined) throw usageFailure(`--${other}: the activation of --token says it`);
  const file = words.wanted("token");
  const token = parseDecoratedToken(readWanted(file));
  if (!token.ok) throw new Failure(`${file}: ${token.error}`);
  const decoded = decodeTokenOf("activation", token.value, place.verifier);
  if (!decoded.ok) throw new Failure(`${file}: ${decoded.error.message}`);
  const { claims } = decoded;
  const own = place.store.account(place.accountName()).subject;
  if (claims.subject !== "public" && claims.subject !== own) {
    throw new Failure(`${file}: the activation is for account ${claims.subject}`);
  }
  const subject = claims.nats.importSubject;
  const { importType, issuerAccount } = claims.nats;
  return {
    ...newImport(importType, subject, issuerAccount === "" ? claims.issuer : issuerAccount),
    name: claims.name === "" ? subject : claims.name,
    token: token.value,
    localSubject: importType === "service" ? subject : "",
  };
}

const deleteImport: Command = {
  words: ["delete", "import"],
  summary: "Import a subject no longer",
  operand: "subject",
  options: [
    ACCOUNT_OPTION,
    { name: "subject", short: "s", value: "SUBJECT", help: "local subject, or the exporter's" },
    SOURCE,
  ],
  examples: ["delete import -a SHOP --subject 'orders.>'"],
  run(words, host) {
    const place = new Workplace(words, host);
    const subject = words.wanted("subject");
    const source = words.text("src-account");
    const key = source === undefined ? undefined : place.accountKey(source);
    const { name } = editAccountBody(place, (body) => {
      const found = body.imports.filter(
        (it) =>
          (it.subject === subject || it.localSubject === subject || it.to === subject) &&
          (key === undefined || it.account === key),
      );
      if (found.length === 0) throw new Failure(`no import of "${subject}"`);
      if (found.length > 1) throw usageFailure("several imports: say which with --src-account");
      return { ...body, imports: body.imports.filter((it) => it !== found[0]) };
    });
    host.print(`deleted import "${subject}" of account "${name}"`);
    return EXIT.done;
  },
};

export const IMPORT_COMMANDS: readonly Command[] = [addImport, deleteImport];
