// The entry of the package: everything that other packages may use.
export { Breaker, type BreakerState } from "./breaker.ts";
export { Breakers } from "./breakers.ts";
export { CurveKey, SealedLine, SealedLines } from "./curve.ts";
export { operatorTarget, placeOperator } from "./place-operator.ts";
export {
  type AskingServer,
  buildRequest,
  type CalloutRequest,
  type RequestTools,
} from "./request.ts";
export {
  type Asked,
  type Judged,
  placeStatic,
  RESPONSE_BYTES_MAX,
  type ReadResponse,
  type ResponseTools,
  readResponse,
  refused,
  rightsOf,
  type StaticPlacement,
} from "./response.ts";
export { type Late, UnderWay } from "./under-way.ts";
