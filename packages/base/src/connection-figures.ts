// Where the figures of a connection stand in its place of the connection board: indexes of Float64
// values, counted from the place. One writer, the connection's worker; any thread may read.

export const FIGURE_CLIENT_ID = 0;
/** Unix milliseconds. */
export const FIGURE_STARTED_AT = 1;
export const FIGURE_IN_MESSAGES = 2;
export const FIGURE_IN_BYTES = 3;
export const FIGURE_OUT_MESSAGES = 4;
export const FIGURE_OUT_BYTES = 5;
export const FIGURE_PENDING_BYTES = 6;
export const FIGURE_SUBSCRIPTIONS = 7;
/** Unix milliseconds of the last input or delivery. */
export const FIGURE_ACTIVE_AT = 8;
/** 0 = not measured yet. */
export const FIGURE_ROUND_TRIP_NANOS = 9;
/** Times this publisher was paused for a receiver (CP-105). */
export const FIGURE_STALLS = 10;
export const FIGURES_COUNT = 11;
