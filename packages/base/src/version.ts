// The level of the NATS protocol that the broker speaks. Any thread.

/** Release of nats-server whose behaviour is followed; shown as `version` in INFO (CP-02). */
export const NATS_LEVEL = "2.14.0";
