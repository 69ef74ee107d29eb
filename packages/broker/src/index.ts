export { BrokerCore } from "./core.ts";
// For what takes part without sockets: stream threads.
export {
  decodeControlFrame,
  FLAG_PLAIN,
  FrameHead,
  readFrameHead,
  readItem,
} from "./deliver/bus-frame.ts";
export { RemoteLanes } from "./deliver/remote-lanes.ts";
export type * from "./ports.ts";
export { MessageView } from "./publish/message-view.ts";
