// The entry of the package: everything that other packages may use.
export { FilterMap, type SearchBudget } from "./filter-map.ts";
export * from "./interest/index.ts";
export {
  compileMapping,
  type MappingDestination,
  type MappingDestinationInput,
  type MappingResolution,
  type MappingResult,
  resolveMappingDestinations,
  type SubjectMapping,
  validateMapping,
} from "./mapping.ts";
export { matches } from "./match.ts";
export { matchesBytes } from "./match-bytes.ts";
export {
  isValidFilterForSubscribe,
  isValidLiteralSubject,
  isValidPublishSubject,
  isValidSubject,
  subjectFromText,
  subjectHasWildcard,
  subjectIsSubsetMatch,
  subjectSizeFault,
  subjectsCollide,
  subjectToText,
  tokenCount,
} from "./subject.ts";
export {
  isValidFilterForSubscribeBytes,
  isValidLiteralSubjectBytes,
} from "./subject-bytes.ts";
export { childFor, type TokenChildren, withChild } from "./token-children.ts";
export { hashToken, seedTokenHash, type TokenHashSeed, tokenHashSeed } from "./token-hash.ts";
export { SubjectTokens } from "./tokens.ts";
export {
  compileTransform,
  identityDestination,
  type SubjectTransform,
  type TransformOptions,
  type TransformResult,
} from "./transform.ts";
export { mappingError } from "./transform-token.ts";
