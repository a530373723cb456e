/**
 * Fronts of our own, on `Deno.serve` and a datagram socket. The default: they take a seventh to a tenth
 * of the processor time of `bittorrent_tracker_server.ts`.
 */

import { ConnectionIds } from "./connection_ids.ts";
import type { Fronts, FrontsOptions } from "./fronts.ts";
import { httpFront } from "./http_front.ts";
import { UdpFront } from "./udp_front.ts";
import { listenUdp } from "./udp_socket.ts";

/** See {@link OpenFronts}. */
export async function openOwnFronts(options: FrontsOptions): Promise<Fronts> {
  const { hostname, swarms, counters, clock, pages, onError } = options;
  const http = Deno.serve({
    hostname,
    port: options.port,
    onListen() {},
    onError(cause) {
      onError(cause);
      return new Response("the tracker failed\n", { status: 500 });
    },
  }, httpFront({ swarms, counters, pages }));
  const { port } = http.addr;
  const front = new UdpFront({ swarms, ids: new ConnectionIds(clock), counters });
  const answer = (datagram: Uint8Array, ip: string) => front.answer(datagram, ip);
  try {
    const udp = options.udp ? await listenUdp({ hostname, port, answer, onError }) : undefined;
    return {
      port,
      async close() {
        await Promise.all([udp?.close(), http.shutdown()]);
      },
    };
  } catch (cause) {
    await http.shutdown();
    throw cause;
  }
}
