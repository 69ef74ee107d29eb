// What backends of your own import: types alone, so that such a module needs nothing of this program.
export type { Backend, Decision, Grant, Login, SubjectLists } from "./backend.ts";
