// Types of other packages that embedding programs meet.
export type { AccountSpec, ExportSpec, ImportSpec, MappingSpec } from "@weft/accounts";
export type {
  AuthenticatedUser,
  AuthenticationAnswer,
  AuthenticationRequest,
  ConnectionType,
  PermissionsSpec,
  ResponsePermission,
  SubjectRules,
  UserSpec,
} from "@weft/auth";
export type { ConfigProblem, LogLevel } from "@weft/base";
export type { ServerOptions, TlsOptions } from "@weft/config";
