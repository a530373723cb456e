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
import { addressIdentity, type Identity, isAllowed } from "../tree/acl.ts";
import type { TreeEvent } from "../tree/tree_node.ts";
import type { SessionEntry } from "./session_table.ts";
import type { Watcher } from "../tree/watch_table.ts";

/**
 * Above this many unsent bytes no more requests of this client are executed: it must read its replies first. One of the
 * largest nodes: a reply that waits behind another one is ready when that one has left.
 */
const pauseAtBytes = 1 << 20;

/**
 * So many bytes of requests are read ahead while none is executed, since whatever arrives says that the client lives: one
 * of the largest requests with its length.
 */
const readAheadBytes = maxRequestSizeBytes + 4;

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
  /** Most unsent bytes of watch events before the client is disconnected. */
  maxOutputBytes: number;
  /** The monotonic clock. */
  nowMs: () => number;
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
  /** When the connection was accepted, by the monotonic clock. */
  readonly openedMs: number;
  #held = new JuteWriter(idleBufferBytes);
  #spare = new JuteWriter(idleBufferBytes);
  /** How many bytes of `#held` were released. Output that was appended after that waits for the next release. */
  #releasedBytes = 0;
  #isWriting = false;
  /** Bytes of the batch that is being written which its stream has not taken yet. */
  #unwrittenBytes = 0;
  /** Bytes of watch events in `#held`, and in the batch that is being written. */
  #heldEventBytes = 0;
  #writingEventBytes = 0;
  /** When output began to wait, or its stream last took some of it. */
  #progressMs = 0;
  #open = true;
  /** Why it closes once all output has been sent; undefined if it does not. */
  #closingReason: string | undefined;
  #reason = "";
  readonly #closed = Promise.withResolvers<void>();
  #onTaken: (() => void) | undefined;
  /** Called when requests may be executed again. */
  onResume: (() => void) | undefined;

  constructor(stream: ByteStream, options: ClientConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    this.openedMs = options.nowMs();
    this.identities = [addressIdentity(options.remote.hostname)];
  }

  /** The client's address and port. */
  get remote(): string {
    const { hostname, port } = this.#options.remote;
    return `${hostname}:${port}`;
  }

  /** Resolves once it is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** True while so much output is unsent that no more requests are executed. */
  get isPaused(): boolean {
    return this.#held.sizeBytes + this.#unwrittenBytes > pauseAtBytes;
  }

  /** How long its output has waited without any of it being taken, in ms; 0 if none waits. */
  stalledMs(nowMs: number): number {
    return this.#isWriting ? nowMs - this.#progressMs : 0;
  }

  /** True until {@linkcode close}. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** True once no more requests are taken from it. */
  get isClosing(): boolean {
    return !this.#open || this.#closingReason !== undefined;
  }

  /** Why it was closed, for the log. */
  get reason(): string {
    return this.#reason;
  }

  /**
   * Waits for bytes from the client; first, if it does not read its replies and has sent many requests, until some of
   * those are executed. Resolves to false if no more bytes will come.
   */
  async receive(): Promise<boolean> {
    while (this.#open && this.isPaused && this.frames.pendingBytes >= readAheadBytes) {
      await new Promise<void>((resolve) => this.#onTaken = resolve);
    }
    if (!this.#open) return false;
    const sizeBytes = await this.#stream.read(this.frames.space());
    if (sizeBytes === null) return false;
    this.frames.received(sizeBytes);
    return true;
  }

  /** Counts a time in which the server stood still for the server, and not for the client. */
  extend(pauseMs: number): void {
    this.#progressMs += pauseMs;
  }

  /** Appends a frame. */
  send(write: (writer: JuteWriter) => void): void {
    if (!this.#open) return;
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
    if (!this.#open) return;
    this.#held.raw(bytes);
    this.sent++;
    this.#options.onOutput(this);
  }

  /** Appends a watch notification, if the client may read the node. */
  notify(event: TreeEvent): void {
    if (event.acl !== undefined && !isAllowed(event.acl, this.identities, permissions.READ)) return;
    if (this.#closingReason !== undefined || this.#exceedsEventLimit()) return;
    const before = this.#held.sizeBytes;
    this.send((writer) => {
      writeReplyHeader(writer, { xid: xids.watchEvent, zxid: -1n, error: 0 });
      writer.int(eventNumbers[event.type]);
      writer.int(keeperStateConnected);
      writer.string(event.path);
    });
    this.#heldEventBytes += this.#held.sizeBytes - before;
  }

  /** Lets everything that was appended so far be sent. */
  release(): void {
    this.#releasedBytes = this.#held.sizeBytes;
    if (!this.#isWriting) void this.#write();
  }

  /** Closes the connection once all output has been sent. Nothing more is taken from the client, and no event is sent. */
  closeWhenWritten(reason: string): void {
    this.#closingReason ??= reason;
    this.#options.onOutput(this);
  }

  /** Closes the connection at once. Idempotent: the first reason stays. */
  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reason = reason;
    this.#stream.close();
    this.#onTaken?.();
    this.#closed.resolve();
  }

  /**
   * Returns true, and closes the connection, if too many events are unsent. Only events can pile up: a client that does
   * not read gets no more replies than its requests before the pause.
   */
  #exceedsEventLimit(): boolean {
    const eventBytes = this.#heldEventBytes + this.#writingEventBytes;
    if (eventBytes <= this.#options.maxOutputBytes) return false;
    this.close(`it does not read: ${eventBytes} bytes of events were waiting`);
    return true;
  }

  /** Sends the released output until none is left. Never rejects. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    this.#progressMs = this.#options.nowMs();
    try {
      while (this.#open) {
        // Output that was appended after the last release is not committed yet; its release follows.
        if (this.#releasedBytes !== this.#held.sizeBytes) return;
        if (this.#releasedBytes === 0) {
          if (this.#closingReason !== undefined) this.close(this.#closingReason);
          return;
        }
        const batch = this.#held;
        this.#held = this.#spare;
        this.#spare = batch;
        this.#releasedBytes = 0;
        this.#unwrittenBytes = batch.sizeBytes;
        this.#writingEventBytes = this.#heldEventBytes;
        this.#heldEventBytes = 0;
        for (let rest = batch.bytes(); rest.length > 0;) {
          const sizeBytes = await this.#stream.write(rest);
          rest = rest.subarray(sizeBytes);
          this.#progress(sizeBytes);
        }
        batch.clear();
        this.#writingEventBytes = 0;
      }
    } catch (error) {
      this.close(`writing failed: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.#isWriting = false;
    }
  }

  #progress(sizeBytes: number): void {
    const wasPaused = this.isPaused;
    this.#unwrittenBytes -= sizeBytes;
    this.#progressMs = this.#options.nowMs();
    if (!wasPaused) return;
    // What the client sends is not read at present, so that this is all that there is to hear of it.
    if (this.#onTaken !== undefined && this.session !== undefined) {
      this.session.lastHeardMs = this.#progressMs;
    }
    if (this.isPaused || !this.#open) return;
    this.onResume?.();
    this.#onTaken?.();
    this.#onTaken = undefined;
  }
}
