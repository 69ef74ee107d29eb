// What can be wrong with the measuring of a service's answers (AC-60), in the reference's words.
// Control thread; pure.
import { isValidPublishSubject, subjectFromText } from "@weft/subjects";
import type { LatencySpec, ResponseType } from "./spec.ts";

const BAD_SAMPLING = "bad sampling percentage, should be 1-100";
const BAD_SUBJECT = "invalid publish subject";

/**
 * Undefined = nothing. `responseType`: of the service, undefined if there is none; `isService` says
 * whether the account exports a subject as a service: measurements must not be measured themselves.
 */
export function latencyFault(
  { samplingPercent, subject }: LatencySpec,
  responseType: ResponseType | undefined,
  isService: (subject: string) => boolean,
): string | undefined {
  const isPercent = samplingPercent !== "headers";
  if (isPercent && !(samplingPercent >= 1 && samplingPercent <= 100)) return BAD_SAMPLING;
  if (!isValidPublishSubject(subjectFromText(subject)) || isService(subject)) return BAD_SUBJECT;
  if (responseType === undefined) return "service missing";
  return responseType === "singleton" ? undefined : "bad service response type";
}
