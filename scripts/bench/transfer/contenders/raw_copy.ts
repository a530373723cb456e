/**
 * The upper limit: copies a file through one socket into a file, with neither protocol nor hashes. `seed` sends it to
 * whoever connects, `fetch` writes what arrives.
 *
 * deno run -A raw_copy.ts seed FILE | fetch FILE PORT
 */

import * as fs from "node:fs";

const [kind, file = "", port] = Deno.args;
const CHUNK_BYTES = 256 * 1024;

function say(message: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(message) + "\n"));
}

async function send(connection: Deno.TcpConn): Promise<void> {
  const descriptor = fs.openSync(file, "r");
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const readBytes = fs.readSync(descriptor, buffer);
    if (readBytes === 0) break;
    for (let at = 0; at < readBytes;) at += await connection.write(buffer.subarray(at, readBytes));
  }
  connection.close();
}

async function receive(): Promise<number> {
  fs.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  const descriptor = fs.openSync(file, "w");
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const startMs = performance.now();
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const sizeBytes = await connection.read(buffer);
    if (sizeBytes === null) break;
    fs.writeSync(descriptor, buffer, 0, sizeBytes);
  }
  return (performance.now() - startMs) / 1000;
}

if (kind === "seed") {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  say({ done: true, port: listener.addr.port });
  (async () => {
    for await (const connection of listener) await send(connection);
  })();
} else {
  say({ done: true, seconds: await receive() });
}
for await (const _chunk of Deno.stdin.readable) {
  // Standard input only says when to end.
}
say({});
Deno.exit(0);
