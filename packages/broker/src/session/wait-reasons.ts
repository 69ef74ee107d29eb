// Why the input of a session waits; several reasons may hold at once. Owned by the session's worker.

export const WAIT_LANE = 1;
export const WAIT_STALL = 2;
export const WAIT_LOGIN = 4;
/** Does not stop the reading: who says something is judged before that (judgements.ts). */
export const WAIT_JUDGEMENT = 8;
/** Its subscriptions are looked at by new rights (reviews.ts). */
export const WAIT_REVIEW = 16;
