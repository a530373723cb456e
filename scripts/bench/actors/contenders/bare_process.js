/** The other process without a library: says its port, and ends with its standard input. */

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
await Deno.stdout.write(new TextEncoder().encode(`${listener.addr.port}\n`));

async function answer(conn) {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(65_536);
  let rest = "";
  for (let length = await conn.read(buffer); length !== null; length = await conn.read(buffer)) {
    const lines = (rest + new TextDecoder().decode(buffer.subarray(0, length))).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const { number, value } = JSON.parse(line);
      await conn.write(
        new TextEncoder().encode(`${JSON.stringify({ number, value: value + 1 })}\n`),
      );
    }
  }
}

(async () => {
  for await (const conn of listener) answer(conn);
})();
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
