/**
 * One client's connection: frames in, frames out. Output is held back until the commit of the changes that it
 * reports.
 *
 * @module
 */

import type { ByteStream } from "../../byte_stream.ts";
import { FrameBuffer } from "../../wire/frame_buffer.ts";
import { JuteWriter } from "../../wire/jute.ts";
import {
  eventTypes,
  keeperStateConnected,
  maxRequestSizeBytes,
  xids,
} from "../../wire/protocol.ts";
import { writeReplyHeader } from "../../wire/records.ts";
import { permissions } from "../../types.ts";
import { type Identity, isAllowed } from "../tree/acl.ts";
import type { TreeEvent } from "../tree/tree_node.ts";
import type { SessionEntry } from "./session_table.ts";
import type { Watcher } from "../tree/watch_table.ts";

/** Above this many unsent bytes no more requests of this client are read: it must read its replies first. */
const pauseAtBytes = 1 << 20;

/** Initial size of the buffers, in bytes: enough for a handshake and pings, and all that an idle client costs. */
const idleBufferBytes = 512;

const eventNumbers = {
  created: eventTypes.created,
  deleted: eventTypes.deleted,
  data_changed: eventTypes.dataChanged,
  children_changed: eventTypes.childrenChanged,
} as const;

/** Settings of a {@linkcode ClientConnection}. */
export interface ClientConnectionOptions {
  /** The client's address, which is its first identity. */
  remote: ClientAddress;
  /** Most unsent bytes before the client is disconnected. */
  maxOutputBytes: number;
  /** When the connection was accepted, by the monotonic clock. */
  openedMs: number;
  /** Called after output was appended, so that {@linkcode ClientConnection.release} follows. */
  onOutput: (connection: ClientConnection) => void;
}

/** The address that a client connects from. */
export interface ClientAddress {
  /** Its IP address. */
  hostname: string;
  /** The port that it connects from. */
  port: number;
}

/** A client of the server: its connection, its identities, its session, and its output. */
export class ClientConnection implements Watcher {
  readonly #stream: ByteStream;
  readonly #options: ClientConnectionOptions;
  /** The bytes that were received. */
  readonly frames = new FrameBuffer({
    maxFrameSizeBytes: maxRequestSizeBytes,
    initialSizeBytes: idleBufferBytes,
  });
  /** Who the client has proven to be; at first its address alone. */
  readonly identities: Identity[];
  /** Its session; undefined before the handshake and after the end of the session. */
  session: SessionEntry<ClientConnection> | undefined;
  /** Requests received, for the four-letter words. */
  received = 0;
  /** Frames sent, for the four-letter words. */
  sent = 0;
  #held = new JuteWriter(idleBufferBytes);
  #spare = new JuteWriter(idleBufferBytes);
  /** How many bytes of `#held` were released. Output that was appended after that waits for the next release. */
  #releasedBytes = 0;
  #writingBytes = 0;
  #open = true;
  #closeWhenWritten = false;
  #reason = "";
  #onDrained: (() => void) | undefined;

  constructor(stream: ByteStream, options: ClientConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    this.identities = [{ scheme: "ip", id: options.remote.hostname }];
  }

  /** When the connection was accepted, by the monotonic clock. */
  get openedMs(): number {
    return this.#options.openedMs;
  }

  /** The client's address and port. */
  get remote(): string {
    const { hostname, port } = this.#options.remote;
    return `${hostname}:${port}`;
  }

  /** True until {@linkcode close}. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** True once no more requests are taken from it. */
  get isClosing(): boolean {
    return !this.#open || this.#closeWhenWritten;
  }

  /** Why it was closed, for the log. */
  get reason(): string {
    return this.#reason;
  }

  /** Waits until the client has read enough of its replies, then for bytes from it. Resolves to false if no more will come. */
  async receive(): Promise<boolean> {
    if (this.#held.sizeBytes + this.#writingBytes > pauseAtBytes) {
      await new Promise<void>((resolve) => this.#onDrained = resolve);
    }
    if (!this.#open) return false;
    const sizeBytes = await this.#stream.read(this.frames.space());
    if (sizeBytes === null) return false;
    this.frames.received(sizeBytes);
    return true;
  }

  /** Appends a frame. */
  send(write: (writer: JuteWriter) => void): void {
    if (!this.#open || this.#exceedsOutputLimit()) return;
    const start = this.#held.beginFrame();
    try {
      write(this.#held);
    } catch (error) {
      this.#held.truncate(start);
      throw error;
    }
    this.#held.endFrame(start);
    this.sent++;
    this.#options.onOutput(this);
  }

  /** Appends bytes without a length field: the answer to a four-letter word. */
  sendRaw(bytes: Uint8Array): void {
    this.#held.raw(bytes);
    this.sent++;
    this.#options.onOutput(this);
  }

  /** Appends a watch notification, if the client may read the node. */
  notify(event: TreeEvent): void {
    if (event.acl !== undefined && !isAllowed(event.acl, this.identities, permissions.READ)) return;
    this.send((writer) => {
      writeReplyHeader(writer, { xid: xids.watchEvent, zxid: -1n, error: 0 });
      writer.int(eventNumbers[event.type]);
      writer.int(keeperStateConnected);
      writer.string(event.path);
    });
  }

  /** Lets everything that was appended so far be sent. */
  release(): void {
    this.#releasedBytes = this.#held.sizeBytes;
    if (this.#writingBytes === 0) this.#write();
  }

  /** Closes the connection once all output has been sent. */
  closeWhenWritten(): void {
    this.#closeWhenWritten = true;
    this.#options.onOutput(this);
  }

  /** Closes the connection at once. Idempotent: the first reason stays. */
  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reason = reason;
    this.#stream.close();
    this.#resumeReading();
  }

  /** Returns true, and closes the connection, if too much output is unsent. The check comes before a frame is appended, so that one large reply alone is allowed. */
  #exceedsOutputLimit(): boolean {
    const outputBytes = this.#held.sizeBytes + this.#writingBytes;
    if (outputBytes <= this.#options.maxOutputBytes) return false;
    this.close(`it does not read: ${outputBytes} bytes were waiting`);
    return true;
  }

  /** Sends the released output until none is left. Never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#open) {
        // Output that was appended after the last release is not committed yet; its release follows.
        if (this.#releasedBytes !== this.#held.sizeBytes) return;
        if (this.#releasedBytes === 0) {
          if (this.#closeWhenWritten) this.close("the session was closed");
          return;
        }
        const batch = this.#held;
        this.#held = this.#spare;
        this.#spare = batch;
        this.#releasedBytes = 0;
        this.#writingBytes = batch.sizeBytes;
        for (let rest = batch.bytes(); rest.length > 0;) {
          rest = rest.subarray(await this.#stream.write(rest));
        }
        batch.clear();
        this.#writingBytes = 0;
        this.#resumeReading();
      }
    } catch (error) {
      this.close(`writing failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  #resumeReading(): void {
    if (this.#open && this.#held.sizeBytes + this.#writingBytes > pauseAtBytes) return;
    this.#onDrained?.();
    this.#onDrained = undefined;
  }
}
