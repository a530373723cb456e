/** What one TCP connection carries over a host's link: the speed that the lower bound is computed with. */

import { type LinkSpeeds, Network } from "./network.ts";
import { Process } from "./processes.ts";
import type { Topology } from "./topology.ts";

const PORT = 9000;
/** The first part is sent before the clock runs: the buckets of the links are full at the start. */
const WARM_UP_BYTES = 1024 * 1024;

const SENDER = `
const listener = Deno.listen({ hostname: Deno.args[0], port: ${PORT} });
const connection = await listener.accept();
const bytes = new Uint8Array(65536);
for (;;) await connection.write(bytes);
`;

const RECEIVER = `
const connection = await Deno.connect({ hostname: Deno.args[0], port: ${PORT} });
const buffer = new Uint8Array(65536);
async function take(bytes) {
  for (let got = 0; got < bytes;) got += await connection.read(buffer) ?? 0;
}
await take(${WARM_UP_BYTES});
const size = Number(Deno.args[1]);
const startedMs = performance.now();
await take(size);
console.log(size / (performance.now() - startedMs) * 1000);
Deno.exit(0);
`;

/** Bytes per second between the build machine and the last host, measured over about a second. */
export async function measureRawSpeed(
  topology: Topology,
  { speeds, folder }: { readonly speeds: LinkSpeeds; readonly folder: string },
): Promise<number> {
  const network = await Network.build(topology, speeds);
  try {
    const { build, hosts } = topology;
    const last = hosts.at(-1);
    if (last === undefined) throw new Error("measure the links: expected a host, there is none");
    await Deno.writeTextFile(`${folder}/sender.js`, SENDER);
    await Deno.writeTextFile(`${folder}/receiver.js`, RECEIVER);
    const deno = [Deno.execPath(), "run", "-A"];
    await using sender = new Process(
      network.on(build, [...deno, `${folder}/sender.js`, build.address]),
    );
    await sender.listening();
    const sizeBytes = Math.round(speeds.hostBitsPerSecond / 8);
    await using receiver = new Process(
      network.on(last, [...deno, `${folder}/receiver.js`, build.address, String(sizeBytes)]),
    );
    return Number(await receiver.line());
  } finally {
    await network.remove();
  }
}
