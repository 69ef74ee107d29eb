// A page of the monitoring port for a client that shows nothing but a certificate, and what it is shown.
import https from "node:https";

/** Status of `/varz`; `options`: the client's certificate, perhaps an agent that keeps connections. */
export function monitorStatus(
  port: number,
  options: https.RequestOptions,
): Promise<number | undefined> {
  const place = { host: "127.0.0.1", port, path: "/varz", rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    https
      .get({ agent: false, ...options, ...place }, (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode));
      })
      .on("error", reject);
  });
}
