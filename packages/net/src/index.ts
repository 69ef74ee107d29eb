export * from "./acceptor.ts";
export { transferSocket } from "./socket-access.ts";
export * from "./socket-driver.ts";
export { SocketTransport } from "./socket-transport.ts";
export * from "./tls-context.ts";
export { alternativeNames, distinguishedName } from "./tls-facts.ts";
