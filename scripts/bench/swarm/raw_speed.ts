/**
 * Measures how fast one TCP connection carries content over a host's link, from which the lower bound is computed; and how
 * many bytes it puts on the wire for that, which is the least that a copy across a border can cost.
 */

import { type LinkSpeeds, Network } from "./network.ts";
import { Process } from "./processes.ts";
import type { Topology } from "./topology.ts";

const PORT = 9000;
/** The part that is sent before the clock starts, because the buckets of the links are full at first. */
const WARM_UP_BYTES = 1024 * 1024;

const SENDER = `
const listener = Deno.listen({ hostname: Deno.args[0], port: ${PORT} });
const connection = await listener.accept();
const bytes = new Uint8Array(65536);
for (let left = Number(Deno.args[1]); left > 0;) {
  left -= await connection.write(bytes.subarray(0, Math.min(left, bytes.length)));
}
`;

const RECEIVER = `
const connection = await Deno.connect({ hostname: Deno.args[0], port: ${PORT} });
const buffer = new Uint8Array(65536);
let got = 0;
async function readUntil(bytes) {
  while (got < bytes) got += await connection.read(buffer) ?? 0;
}
await readUntil(${WARM_UP_BYTES});
const warmUp = got;
const startedMs = performance.now();
await readUntil(Number(Deno.args[1]));
console.log((got - warmUp) / (performance.now() - startedMs) * 1000);
Deno.exit(0);
`;

/** What was measured over about a second, between the build machine and the last host. */
export interface RawSpeed {
  /** Bytes of content per second. */
  readonly bytesPerSecond: number;
  /** Bytes at the interfaces for each byte of content; headers and retransmissions make the difference. */
  readonly wireBytesPerByte: number;
}

/** Measures both. */
export async function measureRawSpeed(
  topology: Topology,
  { speeds, folder }: { readonly speeds: LinkSpeeds; readonly folder: string },
): Promise<RawSpeed> {
  const network = await Network.build(topology, speeds);
  try {
    const { build, hosts } = topology;
    const last = hosts.at(-1);
    if (last === undefined) throw new Error("measure the links: expected a host, there is none");
    await Deno.writeTextFile(`${folder}/sender.js`, SENDER);
    await Deno.writeTextFile(`${folder}/receiver.js`, RECEIVER);
    const deno = [Deno.execPath(), "run", "-A"];
    const sentBytes = WARM_UP_BYTES + Math.round(speeds.hostBitsPerSecond / 8);
    await using sender = new Process(
      network.on(build, [...deno, `${folder}/sender.js`, build.address, String(sentBytes)]),
    );
    await sender.listening();
    const before = await network.borderBytes();
    await using receiver = new Process(
      network.on(last, [...deno, `${folder}/receiver.js`, build.address, String(sentBytes)]),
    );
    const bytesPerSecond = Number(await receiver.line());
    const after = await network.borderBytes();
    return { bytesPerSecond, wireBytesPerByte: (after.intoSites - before.intoSites) / sentBytes };
  } finally {
    await network.remove();
  }
}
