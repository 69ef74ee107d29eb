// Attacks against the built server with 1 worker: a file of its own, so that the short forms run
// side by side.
import { describeAttacks } from "../attack/attack-tests.ts";

describeAttacks(1);
