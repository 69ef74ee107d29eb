// Attacks against the built server with 4 workers: a file of its own, so that the short forms run
// side by side.
import { describeAttacks } from "../attack/attack-tests.ts";

describeAttacks(4);
