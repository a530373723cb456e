/**
 * What the client and the embedded server need of a connection. It is a part of `Deno.Conn`; whoever hands in another
 * one, such as a network in memory, has both ends speak the protocol over that.
 *
 * @module
 */

/** An open connection: bytes in their order, both ways. */
export interface ByteStream {
  /** Waits for bytes and puts them into `buffer`. Resolves to their number, or to null when the other end sends no more. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Takes some of the bytes, from the first on, and resolves to their number. They may be changed after that. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes it, which fails or ends a `read` that waits. It is called once. */
  close(): void;
}
