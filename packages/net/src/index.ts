export * from "./acceptor.ts";
export {
  type NativeConnection,
  peerAddress,
  socketOn,
  transferConnection,
} from "./socket-access.ts";
export * from "./socket-driver.ts";
export { SocketTransport } from "./socket-transport.ts";
export { systemAuthorities, useSystemAuthorities } from "./system-authorities.ts";
export * from "./tls-context.ts";
export { alternativeNames, distinguishedName } from "./tls-facts.ts";
export { HANDSHAKE_RATE_BYTES, type HandshakeRateOptions } from "./tls-handshake-rate.ts";
