// Permissions of claims as those that the server compiles. Any thread; pure.
import type { PermissionsSpec, SubjectRules } from "@weft/auth";
import type { Permission, Permissions } from "../claims/claims.ts";

const NANOS_PER_MS = 1_000_000;

function isEmpty({ allow, deny }: Permission): boolean {
  return (allow ?? []).length === 0 && (deny ?? []).length === 0;
}

/** For publishing, an empty allow list beside a deny list allows nothing; an absent one everything. */
function publishRules({ allow, deny }: Permission): SubjectRules {
  return { allow, deny };
}

/** For subscribing, an empty allow list is as good as none. */
function subscribeRules({ allow, deny }: Permission): SubjectRules {
  return { allow: (allow ?? []).length === 0 ? undefined : allow, deny };
}

/** The permissions that claims give; undefined = they say nothing. */
export function permissionsSpec(permissions: Permissions): PermissionsSpec | undefined {
  const { publish, subscribe, responses } = permissions;
  if (isEmpty(publish) && isEmpty(subscribe) && responses === undefined) return undefined;
  return {
    publish: isEmpty(publish) ? undefined : publishRules(publish),
    subscribe: isEmpty(subscribe) ? undefined : subscribeRules(subscribe),
    responses:
      responses === undefined
        ? undefined
        : {
            messagesMax: responses.messagesMax,
            expiresMs: responses.expiresNanos / NANOS_PER_MS,
          },
  };
}
