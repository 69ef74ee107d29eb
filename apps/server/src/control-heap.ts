// Keeps the bound of the control thread's young generation, which `bin/weft` gives to Node, from the
// threads: V8 would take it for theirs, over the limits that each is started with. Control thread;
// imported before any thread is started. Who gives the flag himself gets it everywhere.
import { setFlagsFromString } from "node:v8";

/** As in `bin/weft`. */
const OWN_FLAG = "--max-semi-space-size=8";

if (process.execArgv.includes(OWN_FLAG)) setFlagsFromString("--max-semi-space-size=0");
