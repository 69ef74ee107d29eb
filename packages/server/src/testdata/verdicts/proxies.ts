// Verdicts of `-t` on trusted proxies. Data for tests.
import { bad, newerGood, STARTS_ONLY, stricterThanNewer, type Verdict } from "./verdict.ts";

const KEY = "NA5V5A5RQ4XW4HGB5CWPH6O54SYEUV2X7FE5G6O5ELRA3Q5OO3GABTFK";

export const PROXIES_VERDICTS: readonly Verdict[] = [
  newerGood("CK-31", "proxies { trusted: [] }\n"),
  newerGood("CK-31", "proxies {}\n"),
  newerGood("AN-80", `proxies { trusted: [ { key: ${KEY} } ] }\n`),
  newerGood("AN-80", `proxies { trusted: [ { public_key: ${KEY} } ] }\n`),
  stricterThanNewer("AN-80", "proxies { trusted: [ {} ] }\n", STARTS_ONLY),
  bad("AN-80", "proxies { trusted: [ { key: NOPE } ] }\n"),
  bad("AN-80", "proxies { trusted: [ { key: 5 } ] }\n"),
  bad("AN-80", `proxies { trusted: [ { key: ${KEY}, other: a } ] }\n`),
  bad("AN-80", "proxies { trusted: [ a ] }\n"),
  bad("AN-80", "proxies { trusted: {} }\n"),
  bad("AN-80", "proxies { other: a }\n"),
  bad("AN-80", "proxies: false\n"),
  newerGood("AN-82", "authorization { token: t, proxy_required: true }\n"),
  newerGood("AN-82", "authorization { users: [ { user: a, proxy_required: true } ] }\n"),
  newerGood("AN-82", "accounts { A { users: [ { user: a, proxy_required: false } ] } }\n"),
  bad("AN-82", "authorization { token: t, proxy_required: 1 }\n"),
  bad("AN-82", "authorization { users: [ { user: a, proxy_required: yess } ] }\n"),
];
