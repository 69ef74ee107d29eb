// Web requests of the service: bounded in size and time, without redirects. An identity provider that
// lies may not take the memory of who asks it.
import { readFileSync } from "node:fs";
import { request as insecureRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { BackendProblem } from "../backend.ts";

const BODY_BYTES_MAX = 512 * 1024;

export interface FetchSettings {
  readonly timeoutMs: number;
  /** PEM of the authority that vouches for the provider; undefined = the system's. */
  readonly caFile?: string | undefined;
  /** Plain HTTP is allowed. */
  readonly insecureHttp: boolean;
}

/** The body of a 200; throws for anything else. */
export function boundedGet(url: string, settings: FetchSettings): Promise<string> {
  const { protocol } = new URL(url);
  if (protocol !== "https:" && !(protocol === "http:" && settings.insecureHttp)) {
    return Promise.reject(new BackendProblem(`${protocol}// is not allowed`));
  }
  const { caFile, timeoutMs } = settings;
  const tls = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  const request = protocol === "https:" ? secureRequest : insecureRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...tls, signal, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new BackendProblem(`status ${response.statusCode}`));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > BODY_BYTES_MAX) response.destroy(new BackendProblem("the answer is too large"));
      });
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}
