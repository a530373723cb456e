/**
 * References to actors of other processes: named exports, one connection per pair, schemas on both
 * sides. What is guaranteed is in `docs/remote_actors.md`.
 *
 * @module
 */

export {
  type MessageSchema,
  type OptionalReplySchema,
  type RemoteContract,
  remoteContract,
  type ReplySchema,
  replyTo,
  type SchemaProblem,
} from "./contract.ts";
export { RemoteError, type RemoteErrorCode } from "./errors.ts";
export { RemoteNode, type RemoteNodeOptions, type RemoteNodeStatus } from "./node.ts";
export { DEFAULT_REMOTE_LIMITS, type RemoteLimits } from "./options.ts";
export { DEFAULT_ANSWER_MS } from "./outbound.ts";
export { Peer, type PeerStatus } from "./peer.ts";
export { tlsTransport, type TlsTransportOptions } from "./tls_transport.ts";
export { type ByteListener, type ByteStream, tcpTransport, type Transport } from "./transport.ts";
