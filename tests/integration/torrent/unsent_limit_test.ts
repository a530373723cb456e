/** How much may wait in the kernel, on connections of both families and from both ends. */

import assert from "node:assert/strict";
import { socketEnds } from "../../../ffi/mod.ts";
import { UnsentLimit } from "../../../torrent/swarm/wire/unsent_limit.ts";

const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;
/** Stays open: what is closed within a test is reported by its sanitizers. */
const { symbols: { getsockopt } } = Deno.dlopen("libc.so.6", {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
});

/** The limits of all connections between two ports, by the port of their own end. */
function limitsBetween(ports: readonly number[]): Map<number, number> {
  const limits = new Map<number, number>();
  for (let fd = 0; fd < 4096; fd++) {
    const ends = socketEnds(fd);
    if (ends === undefined || !ports.includes(ends.local.port)) continue;
    if (!ports.includes(ends.remote.port)) continue;
    const value = new Uint32Array(1);
    assert.equal(getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, value, new Uint32Array([4])), 0);
    limits.set(ends.local.port, value[0]!);
  }
  return limits;
}

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test(`UnsentLimit: holds for that end of that connection, and follows, with ${hostname}`, async () => {
    // Of both families, as the engine listens: an IPv4 peer's address is mapped then.
    using listener = Deno.listen({ hostname: "::", port: 0 });
    const { port } = listener.addr;
    using client = await Deno.connect({ hostname, port });
    using server = await listener.accept();
    using other = await Deno.connect({ hostname, port });
    using _ofOther = await listener.accept();
    const clientPort = client.localAddr.port;
    const untouched = limitsBetween([other.localAddr.port, port]);
    assert.equal(untouched.size, 2);
    const limit = new UnsentLimit(client);
    const ofServer = new UnsentLimit(server);
    limit.set(20_000);
    ofServer.set(30_000.5);
    assert.deepEqual(
      limitsBetween([clientPort, port]),
      new Map([[clientPort, 20_000], [port, 30_001]]),
    );
    limit.set(1e12);
    assert.equal(limitsBetween([clientPort, port]).get(clientPort), 0x7fff_ffff);
    assert.deepEqual(limitsBetween([other.localAddr.port, port]), untouched);
  });
}

Deno.test("UnsentLimit: what is no connection of this process any more is left alone", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  using _server = await listener.accept();
  const limit = new UnsentLimit(client);
  limit.set(20_000);
  client.close();
  // Takes the number of the one that was closed.
  using other = await Deno.connect({ hostname: "127.0.0.1", port });
  using _ofOther = await listener.accept();
  const before = limitsBetween([other.localAddr.port, port]);
  limit.set(40_000);
  assert.deepEqual(limitsBetween([other.localAddr.port, port]), before);
});
