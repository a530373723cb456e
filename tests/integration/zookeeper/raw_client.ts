// Speaks the wire protocol by hand, for tests of what a decent client never does.
import { FrameBuffer } from "../../../zookeeper/wire/frame_buffer.ts";
import { JuteReader, JuteWriter } from "../../../zookeeper/wire/jute.ts";
import {
  type ConnectResponse,
  readConnectResponse,
  writeConnectRequest,
} from "../../../zookeeper/wire/records.ts";

export class RawClient {
  readonly conn: Deno.TcpConn;
  readonly #frames = new FrameBuffer({ maxFrameSizeBytes: 64 << 20 });

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.conn.write(rest));
    }
  }

  async send(write: (writer: JuteWriter) => void): Promise<void> {
    const writer = new JuteWriter();
    const start = writer.beginFrame();
    write(writer);
    writer.endFrame(start);
    await this.write(writer.bytes());
  }

  /** The next frame, or undefined once the server has closed the connection. */
  async receive(): Promise<JuteReader | undefined> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame !== undefined) return new JuteReader(frame);
      let sizeBytes: number | null;
      try {
        sizeBytes = await this.conn.read(this.#frames.space());
      } catch {
        return undefined;
      }
      if (sizeBytes === null) return undefined;
      this.#frames.received(sizeBytes);
    }
  }

  /** All bytes until the server has closed the connection. */
  async rest(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const buffer = new Uint8Array(16 * 1024);
      let sizeBytes: number | null;
      try {
        sizeBytes = await this.conn.read(buffer);
      } catch {
        sizeBytes = null;
      }
      if (sizeBytes === null) {
        return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
      }
      parts.push(buffer.subarray(0, sizeBytes));
    }
  }

  async shakeHands(
    session: { sessionId?: bigint; password?: Uint8Array; timeoutMs?: number } = {},
  ): Promise<ConnectResponse> {
    const { sessionId = 0n, password = new Uint8Array(16), timeoutMs = 10_000 } = session;
    await this.send((writer) =>
      writeConnectRequest(writer, {
        protocolVersion: 0,
        lastZxidSeen: 0n,
        timeoutMs,
        sessionId,
        password,
      })
    );
    const reader = await this.receive();
    if (reader === undefined) throw new Error("the server closed the connection");
    return readConnectResponse(reader);
  }

  /** Waits until the server has closed the connection. */
  async closedByServer(): Promise<void> {
    while (await this.receive() !== undefined);
  }

  close(): void {
    try {
      this.conn.close();
    } catch {
      // It was closed already.
    }
  }
}
