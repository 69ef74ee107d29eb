// The subject on which a server asks its callout service (AN-62), and who may not use it (AN-69).
// Any thread; pure.
import type { PermissionsSpec } from "./spec.ts";

export const CALLOUT_SUBJECT = "$SYS.REQ.USER.AUTH";

/**
 * The permissions of somebody in an account that has a service, whoever let him in: nobody asks in the
 * server's name.
 */
export function withoutCalloutSubject(permissions: PermissionsSpec | undefined): PermissionsSpec {
  const publish = permissions?.publish;
  if (permissions !== undefined && publish?.deny?.includes(CALLOUT_SUBJECT)) return permissions;
  const deny = [...(publish?.deny ?? []), CALLOUT_SUBJECT];
  return { ...permissions, publish: { ...publish, deny } };
}
