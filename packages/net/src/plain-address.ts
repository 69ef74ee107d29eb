// How the address of a peer is shown. Any thread that owns sockets.

/** IPv4 peers of a dual-stack listener are shown as IPv4; empty once the peer is gone. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
