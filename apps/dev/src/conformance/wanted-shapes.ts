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
    pattern:
      /\/data\.(subscriptions_list\[\]\.account_tag|(connections\[\]\.|account_detail\.)?name_tag):/,
    only: "here",
    why: `MO-20, MO-24, MO-25: ${LATER}`,
  },
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

/** The same beside nats-server 2.14. */
export const WANTED_LATER_SHAPES: readonly WantedShape[] = [
  {
    pattern: /^event AUTH\.ERR\/cause:/,
    only: "here",
    why: "GP-5: the operator is told why a login was refused",
  },
  {
    pattern: /statsz\.(sent_to_clients|received_from_clients)|^VARZ\/data\.(in_client|out_client)/,
    only: "here",
    why: `SY-05, MO-10: ${LATER}`,
  },
  { pattern: /^VARZ\/data\.disk_io_wait_stats\./, only: "here", why: `MO-10: ${LATER}` },
  {
    pattern: /^EXPVARZ\/data\.memstats\./,
    only: "here",
    why: "MO-35: the heap is V8's, and has a limit",
  },
  {
    pattern: /^EXPVARZ\/data\.memstats\./,
    only: "reference",
    why: "MO-35: V8 has no such figures",
  },
  { pattern: /^IPQUEUESZ\/data\./, only: "here", why: "MO-33: the queues are others" },
  { pattern: /^IPQUEUESZ\/data\./, only: "reference", why: "MO-33: the queues are others" },
  {
    pattern: /[./]feature_flags\./,
    only: "reference",
    why: "SY-11: the flags that are there by themselves are those of JetStream",
  },
  {
    pattern: /^event AUTH\.ERR\/client\.rtt:number$/,
    only: "reference",
    why: "SY-12: no round trip is told before one was measured; the reference begins with a guess",
  },
  {
    pattern: /^wrong type\/= 400 .*ConnzEventOptions\.limit/,
    only: "here",
    why: "SY-24: which structures a field lies in is told by Go from 1.24 on",
  },
  {
    pattern: /^wrong type\/= 400 .*ConnzEventOptions\.ConnzOptions\.limit/,
    only: "reference",
    why: "SY-24: which structures a field lies in is told by Go from 1.24 on",
  },
];
