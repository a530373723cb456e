// A server that answers at once and keeps nothing, so that a benchmark against it measures the client alone. It prints its
// port, and it knows only the requests of the contenders.
import { FrameBuffer } from "../../../zookeeper/wire/frame_buffer.ts";
import { JuteReader, JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { maxRequestSizeBytes, opcodes } from "../../../zookeeper/wire/protocol.ts";
import {
  writeConnectResponse,
  writeReplyHeader,
  writeStat,
} from "../../../zookeeper/wire/records.ts";

const data = new Uint8Array(100).fill(120);
const stat = {
  czxid: 1n,
  mzxid: 1n,
  ctimeMs: 1,
  mtimeMs: 1,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataSizeBytes: data.length,
  numChildren: 0,
  pzxid: 1n,
};
const session = { protocolVersion: 0, timeoutMs: 10_000, sessionId: 1n };

async function serve(conn: Deno.TcpConn): Promise<void> {
  const frames = new FrameBuffer({ maxFrameSizeBytes: maxRequestSizeBytes });
  const writer = new JuteWriter(1 << 16);
  let greeted = false;
  let ended = false;
  conn.setNoDelay(true);
  try {
    while (!ended) {
      const sizeBytes = await conn.read(frames.space());
      if (sizeBytes === null) return;
      frames.received(sizeBytes);
      writer.clear();
      for (
        let frame = frames.next();
        frame !== undefined;
        frame = frames.next()
      ) {
        const start = writer.beginFrame();
        if (greeted) {
          ended = answer(new JuteReader(frame), writer) === opcodes.closeSession;
        } else {writeConnectResponse(writer, {
            ...session,
            password: new Uint8Array(16),
          });}
        greeted = true;
        writer.endFrame(start);
      }
      for (let rest = writer.bytes(); rest.length > 0;) {
        rest = rest.subarray(await conn.write(rest));
      }
    }
  } catch {
    // The client has gone.
  } finally {
    try {
      conn.close();
    } catch {
      // It was closed already.
    }
  }
}

/** Gives back the operation. */
function answer(reader: JuteReader, writer: JuteWriter): number {
  const xid = reader.int();
  const type = reader.int();
  writeReplyHeader(writer, { xid, zxid: 1n, error: 0 });
  switch (type) {
    case opcodes.create:
      writer.string(reader.string());
      break;
    case opcodes.create2:
      writer.string(reader.string());
      writeStat(writer, stat);
      break;
    case opcodes.getData:
      writer.buffer(data);
      writeStat(writer, stat);
      break;
    case opcodes.setData:
    case opcodes.exists:
      writeStat(writer, stat);
      break;
  }
  return type;
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
Deno.stdout.writeSync(new TextEncoder().encode(`${listener.addr.port}\n`));
for await (const conn of listener) void serve(conn);
