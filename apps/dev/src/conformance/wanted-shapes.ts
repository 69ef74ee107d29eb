// Where the system account of Weft says something of another shape than an old reference (2.9), on
// purpose. Must stay true: each has its reason, and each still differs (a test checks both).

export interface WantedShape {
  /** `<name>/<field>:<type>` of what only one of the two says. */
  readonly pattern: RegExp;
  readonly only: "here" | "reference";
  readonly why: string;
}

const LATER = "came with a later level of the protocol";

export const WANTED_SHAPES: readonly WantedShape[] = [
  {
    pattern: /\/(server\.)?flags:/,
    only: "here",
    why: `SY-11: ${LATER}`,
  },
  {
    pattern: /^event AUTH\.ERR\/cause:/,
    only: "here",
    why: "GP-5: the operator is told why a login was refused",
  },
  { pattern: /\/client\.name_tag:/, only: "here", why: `SY-12: ${LATER}` },
  {
    pattern: /(CONNS|STATZ).*\/.*(name:string|num_subscriptions:|\.(gateways|leafs|routes)\.)/,
    only: "here",
    why: `SY-03: ${LATER}`,
  },
  {
    pattern: /statsz\.(gomaxprocs|sent_to_clients|received_from_clients)/,
    only: "here",
    why: `SY-05: ${LATER}`,
  },
  {
    pattern:
      /^VARZ\/data\.(config_digest|disk_io_wait|in_client|out_client|slow_consumer_stats|stale|stalled)/,
    only: "here",
    why: `MO-10: ${LATER}`,
  },
  {
    pattern:
      /^(ROUTEZ\/data\.server_name|JSZ\/data\.(api\.level|total)|HEALTHZ\/data\.status_code):/,
    only: "here",
    why: `MO-21, MO-27, MO-30: ${LATER}`,
  },
  {
    pattern: /^(account INFO|ACCOUNTZ of one)\/.*imports\[\]\.local_subject:/,
    only: "here",
    why: `MO-25: ${LATER}`,
  },
  {
    pattern: /\/data:null$/,
    only: "reference",
    why: "SY-22: later levels leave the data of an error out",
  },
  {
    pattern: /LEAFZ\/data\.leafs:null$/,
    only: "reference",
    why: "MO-23: an empty list is a list, as of later levels",
  },
  {
    pattern: /\/client\.rtt:number$/,
    only: "reference",
    why: "SY-12: no round trip is told before one was measured; the reference begins with a guess",
  },
];
