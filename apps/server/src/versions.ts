// `-v` (FL-10): the level that the protocol implements, then Weft's own version.
import { NATS_VERSION, WEFT_VERSION } from "@weft/runtime";

export function printVersions(program: string): void {
  console.log(`${program}: v${NATS_VERSION}`);
  console.log(`weft: v${WEFT_VERSION}`);
}
