// The backends of a configuration, in their order.
import type { Backend } from "../backend.ts";
import type { Settings } from "../settings.ts";

export async function createBackends({ backends }: Settings, folder: string): Promise<Backend[]> {
  const made: Backend[] = [];
  for (const settings of backends) {
    switch (settings.kind) {
      case "static": {
        const { StaticFileBackend } = await import("./static-file.ts");
        made.push(new StaticFileBackend(settings, folder));
        break;
      }
      case "oidc": {
        const { OidcBackend } = await import("./oidc.ts");
        made.push(new OidcBackend(settings, folder));
        break;
      }
      case "ldap": {
        const { LdapBackend } = await import("./ldap.ts");
        made.push(new LdapBackend(settings, folder));
        break;
      }
      case "module": {
        const { loadOwnBackend } = await import("./own-module.ts");
        made.push(await loadOwnBackend(settings, folder));
      }
    }
  }
  return made;
}
