// Operator mode (AN-40 to AN-42, AN-54, AN-55, AC-80 to AC-84, CK-08, CK-22). Data for tests. The
// tokens are those of docs/security/operator-mode.md.
import {
  bad,
  good,
  newerBad,
  newerGood,
  stricter,
  stricterThanNewer,
  type Verdict,
  wider,
} from "./verdict.ts";

/** `-t` of the reference reads; only its start looks at what options mean together. */
const TOGETHER = "what does not fit together is found without a start";
const UNKNOWN_FIELD = "an unknown field of the block is an error";
const OWN_TYPE = "a read-only directory (SA-14)";

const EXAMPLE =
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJYNk9QS1ZMTVVTM0ZYWVlSMzRMWDZDWVI0MktHWkQyVjVWVkZERlFUNFFJVVBJV1lGRFdBIiwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJPQ0pKSldPNzc0NlJKTVJCUUg2VTZDSUdUTTZaTElFQTVHMk1TMk5CTVBZVEFWUkZRSTZKMkhXUiIsIm5hbWUiOiJFWEFNUExFIiwic3ViIjoiT0NKSkpXTzc3NDZSSk1SQlFINlU2Q0lHVE02WkxJRUE1RzJNUzJOQk1QWVRBVlJGUUk2SjJIV1IiLCJuYXRzIjp7InN5c3RlbV9hY2NvdW50IjoiQUJZTlFJWjZUT1NaNFFLVEkyUkRVWElCUERFTUJCTENGSEQ3N1lYSFdYSU5DNEJPWU1TWkZBSjYiLCJ0eXBlIjoib3BlcmF0b3IiLCJ2ZXJzaW9uIjoyfX0.wFVb2b_o0vCn3fwPVxyeUxuW9qkyA5HhTKmsPcFaCO2-KHsLGaJ3yhM-QcudoCWE6i8OTjeE9WAVD4bfVGXaAA";
const SYS = "ABYNQIZ6TOSZ4QKTI2RDUXIBPDEMBBLCFHD77YXHWXINC4BOYMSZFAJ6";
const SYS_TOKEN =
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJTRko1NjVQV0IyNVgzSFpYWFpCSVVDR0I2U1ZYTUlRUkRLU0c2R043QVZKSUE3WU1GSE9BIiwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJPQ0pKSldPNzc0NlJKTVJCUUg2VTZDSUdUTTZaTElFQTVHMk1TMk5CTVBZVEFWUkZRSTZKMkhXUiIsIm5hbWUiOiJTWVMiLCJzdWIiOiJBQllOUUlaNlRPU1o0UUtUSTJSRFVYSUJQREVNQkJMQ0ZIRDc3WVhIV1hJTkM0Qk9ZTVNaRkFKNiIsIm5hdHMiOnsibGltaXRzIjp7InN1YnMiOi0xLCJkYXRhIjotMSwicGF5bG9hZCI6LTEsImltcG9ydHMiOi0xLCJleHBvcnRzIjotMSwid2lsZGNhcmRzIjp0cnVlLCJjb25uIjotMSwibGVhZiI6LTF9LCJkZWZhdWx0X3Blcm1pc3Npb25zIjp7InB1YiI6e30sInN1YiI6e319LCJhdXRob3JpemF0aW9uIjp7fSwidHlwZSI6ImFjY291bnQiLCJ2ZXJzaW9uIjoyfX0.lpKvd79dCPlOzAkoe8WhcA8zZiYexSjJgXmbuHa6eMgQKcsvkuatsT2ISFtSx2Gtj3ZN4DONvzLj2-428CFPAA";
const SHOP = "AB2B6DGET7H6FZX5LBCIYY726MIDW3IZFVDF6E6DN76PMNG7K3MFSGDU";
const SHOP_TOKEN =
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJHWEk2VEhCSlBRNVUzMjVQRUZBTEJENVoyNUU2VTRRSlZCNVpRTVkyUjdKTEdHQTdDQ0FBIiwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJPQ0pKSldPNzc0NlJKTVJCUUg2VTZDSUdUTTZaTElFQTVHMk1TMk5CTVBZVEFWUkZRSTZKMkhXUiIsIm5hbWUiOiJTSE9QIiwic3ViIjoiQUIyQjZER0VUN0g2RlpYNUxCQ0lZWTcyNk1JRFczSVpGVkRGNkU2RE43NlBNTkc3SzNNRlNHRFUiLCJuYXRzIjp7ImxpbWl0cyI6eyJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJpbXBvcnRzIjotMSwiZXhwb3J0cyI6LTEsIndpbGRjYXJkcyI6dHJ1ZSwiY29ubiI6LTEsImxlYWYiOi0xfSwiZGVmYXVsdF9wZXJtaXNzaW9ucyI6eyJwdWIiOnt9LCJzdWIiOnt9fSwiYXV0aG9yaXphdGlvbiI6e30sInR5cGUiOiJhY2NvdW50IiwidmVyc2lvbiI6Mn19.2PiXkPHgZAy9CjgJp0Ir57OSSXTLoK8FaSpJd9MuecLrsFSS15kFbnICWVwlD_bsl5O90qheNuldL80kM7qnAA";
const GUEST =
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJUWFJZU08yN0JZQUJXRVc3Q0lEWU5EVFFQNjVFU1hHUk1DVVRDUUNMWkEzN09ONTJLSEtBIiwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJBQjJCNkRHRVQ3SDZGWlg1TEJDSVlZNzI2TUlEVzNJWkZWREY2RTZETjc2UE1ORzdLM01GU0dEVSIsIm5hbWUiOiJndWVzdCIsInN1YiI6IlVBSjZKUlRHTlNMWklBQUk3Q0VOWEJFUVRUMjcyVERQTkRVVVlYUElGRzZZUkc1SjZTUTNUTFUzIiwibmF0cyI6eyJwdWIiOnt9LCJzdWIiOnt9LCJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJiZWFyZXJfdG9rZW4iOnRydWUsInR5cGUiOiJ1c2VyIiwidmVyc2lvbiI6Mn19.TxPKaUmx2nLIj5lTvm6m-W64PtrXGIbx6RQ6EDGCTUN_wN5wP-L4gs8H0_dTzc8rmsAkdEdB9l5wGnWjfGDgCw";

const OPERATOR = `operator: "${EXAMPLE}"\n`;
const MEMORY = `${OPERATOR}resolver: MEMORY\n`;
const FULL = (keys: string): string => `${OPERATOR}resolver { type: full, ${keys} }\n`;
const CACHE = (keys: string): string => `${OPERATOR}resolver { type: cache, ${keys} }\n`;
const DIR = "dir: jwt";

export const OPERATOR_VERDICTS: readonly Verdict[] = [
  good("AN-40", MEMORY),
  newerGood("AN-40", `roots: ["${EXAMPLE}"]\nresolver: MEM\n`),
  bad("AN-40", 'operator: "nowhere.jwt"\nresolver: MEMORY\n'),
  bad("AN-40", `operator: "${EXAMPLE.slice(0, -4)}AAAA"\nresolver: MEMORY\n`),
  bad("AN-40", `operator: "${SHOP_TOKEN}"\nresolver: MEMORY\n`),
  bad("AN-40", "operator: 3\n"),
  bad("AN-40", "trusted_keys: [ODSKR7MYFQZ5MMAJ6FPMEEBXX4LKTLWZTRLMFPVXRVVCKMUVWUFZFRAB]\n"),
  bad("AN-40", `trusted: "${SHOP}"\n`),
  stricter("AN-42", OPERATOR, TOGETHER),
  stricter("AN-42", `${MEMORY}accounts { A { } }\n`, TOGETHER),
  stricter("AN-42", `${MEMORY}authorization { users: [ { user: a, password: b } ] }\n`, TOGETHER),
  stricter("AN-41", `${MEMORY}system_account: "${SHOP}"\n`, TOGETHER),
  good("AN-41", `${MEMORY}system_account: "${SYS}"\n`),
  stricterThanNewer("AN-54", "default_sentinel: abc\n", TOGETHER),
  stricterThanNewer("AN-54", `${MEMORY}default_sentinel: "${SHOP_TOKEN}"\n`, TOGETHER),
  newerGood("AN-54", `${MEMORY}default_sentinel: "${GUEST}"\n`),
  stricter("AN-55", `${MEMORY}resolver_pinned_accounts: [ABC]\n`, TOGETHER),
  good("AN-55", `${MEMORY}resolver_pinned_accounts: [${SHOP}]\n`),
  bad("AN-55", `${MEMORY}resolver_pinned_accounts: 3\n`),
  good("AC-80", "resolver: MEMORY\n"),
  good("AC-80", "resolver_preload: {}\n"),
  good("AC-80", `${MEMORY}resolver_preload { ${SYS}: "${SYS_TOKEN}" }\n`),
  bad("AC-80", `${MEMORY}resolver_preload { ${SYS}: "abc" }\n`),
  bad("AC-80", `${MEMORY}resolver_preload { ${SYS}: 3 }\n`),
  bad("AC-80", `${MEMORY}resolver_preload: [a]\n`),
  bad("AC-80", "resolver: NOTHING\n"),
  bad("AC-80", "resolver: 3\n"),
  good("AC-81", 'resolver: URL("http://127.0.0.1:9090/jwt/v1/accounts/")\n'),
  good("AC-82", FULL(`${DIR}, allow_delete: true, hard_delete: true, interval: "1m", limit: 9`)),
  bad("AC-84", FULL("allow_delete: true")),
  bad("AC-84", FULL(`${DIR}, ttl: "1h"`)),
  newerBad("AC-84", FULL(`${DIR}, hard_delete: true`)),
  bad("AC-84", FULL(`${DIR}, timeout: "x"`)),
  bad("AC-84", FULL(`${DIR}, timeout: "-1s"`)),
  stricter("AC-84", FULL(`${DIR}, size: 3`), UNKNOWN_FIELD),
  good("AC-83", CACHE(`${DIR}, limit: 9, ttl: "1h"`)),
  bad("AC-84", CACHE(`${DIR}, interval: "1m"`)),
  bad("AC-84", CACHE(`${DIR}, allow_delete: true`)),
  newerBad("AC-84", CACHE(`${DIR}, hard_delete: false`)),
  bad("AC-84", `${OPERATOR}resolver { type: other, ${DIR} }\n`),
  wider("AC-84", `${OPERATOR}resolver { type: file, ${DIR} }\n`, OWN_TYPE),
  newerGood("CK-22", `${OPERATOR}resolver { type: MEM }\n`),
];
