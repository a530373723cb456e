/**
 * One client's TCP connection to the coordinator: frames in, frames out. What is to be sent is held back until the
 * coordinator says that the changes behind it are safe.
 *
 * @module
 */

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

/** Above this much unsent output no more requests of this client are read: it should take its replies first. */
const pauseAtBytes = 1 << 20;

/** What an idle client costs: room for a handshake and pings. It grows with the first request that does not fit. */
const idleBufferBytes = 512;

const eventNumbers = {
  created: eventTypes.created,
  deleted: eventTypes.deleted,
  data_changed: eventTypes.dataChanged,
  children_changed: eventTypes.childrenChanged,
} as const;

/** Limits and hooks of a {@linkcode ClientConnection}. */
export interface ClientConnectionOptions {
  /** A client with more unsent output than this is cut off. */
  maxOutputBytes: number;
  openedMs: number;
  /** Something was written: it wants to be released. */
  onOutput: (connection: ClientConnection) => void;
}

/** A client as the coordinator sees it: a socket, an identity, a session, held-back output. */
export class ClientConnection implements Watcher {
  readonly #conn: Deno.TcpConn;
  readonly #options: ClientConnectionOptions;
  readonly frames = new FrameBuffer({
    maxFrameSizeBytes: maxRequestSizeBytes,
    initialSizeBytes: idleBufferBytes,
  });
  readonly identities: Identity[];
  session: SessionEntry<ClientConnection> | undefined;
  /** Requests taken and frames sent, for the four-letter words. */
  received = 0;
  sent = 0;
  #held = new JuteWriter(idleBufferBytes);
  #spare = new JuteWriter(idleBufferBytes);
  /** How much of `#held` was released; all of it, or the rest waits for the next release. */
  #releasedBytes = 0;
  #writingBytes = 0;
  #open = true;
  #closeWhenWritten = false;
  #reason = "";
  #onDrained: (() => void) | undefined;

  constructor(conn: Deno.TcpConn, options: ClientConnectionOptions) {
    this.#conn = conn;
    this.#options = options;
    this.identities = [{ scheme: "ip", id: conn.remoteAddr.hostname }];
  }

  get openedMs(): number {
    return this.#options.openedMs;
  }

  get remote(): string {
    return `${this.#conn.remoteAddr.hostname}:${this.#conn.remoteAddr.port}`;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** True once nothing more should be read from it. */
  get isClosing(): boolean {
    return !this.#open || this.#closeWhenWritten;
  }

  /** Why it was closed, for the log. */
  get reason(): string {
    return this.#reason;
  }

  /** Waits for bytes from the client, and first for it to take its replies. False: no more will come. */
  async receive(): Promise<boolean> {
    if (this.#held.sizeBytes + this.#writingBytes > pauseAtBytes) {
      await new Promise<void>((resolve) => this.#onDrained = resolve);
    }
    if (!this.#open) return false;
    const sizeBytes = await this.#conn.read(this.frames.space());
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

  /** Appends bytes without a length: the answer to a four-letter word. */
  sendRaw(bytes: Uint8Array): void {
    this.#held.raw(bytes);
    this.sent++;
    this.#options.onOutput(this);
  }

  notify(event: TreeEvent): void {
    if (event.acl !== undefined && !isAllowed(event.acl, this.identities, permissions.READ)) return;
    this.send((writer) => {
      writeReplyHeader(writer, { xid: xids.watchEvent, zxid: -1n, error: 0 });
      writer.int(eventNumbers[event.type]);
      writer.int(keeperStateConnected);
      writer.string(event.path);
    });
  }

  /** Everything appended so far may leave. */
  release(): void {
    this.#releasedBytes = this.#held.sizeBytes;
    if (this.#writingBytes === 0) this.#write();
  }

  /** Closes once everything has left. */
  closeWhenWritten(): void {
    this.#closeWhenWritten = true;
    this.#options.onOutput(this);
  }

  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reason = reason;
    this.#conn.close();
    this.#resumeReading();
  }

  /** True if it leaves too much unread, and then it is cut off. One large reply alone is no sign of that. */
  #exceedsOutputLimit(): boolean {
    const outputBytes = this.#held.sizeBytes + this.#writingBytes;
    if (outputBytes <= this.#options.maxOutputBytes) return false;
    this.close(`it does not read: ${outputBytes} bytes were waiting`);
    return true;
  }

  /** Writes what was released, for as long as there is more. Never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#open) {
        // What was appended after the last release is not safe yet; its release follows.
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
          rest = rest.subarray(await this.#conn.write(rest));
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
