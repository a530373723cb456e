/**
 * Rollcall's own frontend, on `Deno.serve` and a datagram socket. It is the default: it takes a seventh to a tenth of the
 * processor time of `bittorrent_tracker/server.ts`.
 */

import { ConnectionIds } from "./connection_ids.ts";
import type { Frontend, FrontendOptions } from "./frontend.ts";
import { httpFrontend } from "./http.ts";
import { UdpFrontend } from "./udp.ts";
import { listenUdp } from "./udp_socket.ts";

/** Opens Rollcall's own frontend; see {@link OpenFrontend}. */
export async function openNativeFrontend(options: FrontendOptions): Promise<Frontend> {
  const { hostname, swarms, counters, clock, pages, onError } = options;
  const http = Deno.serve({
    hostname,
    port: options.port,
    onListen() {},
    onError(cause) {
      onError(cause);
      return new Response("the tracker failed\n", { status: 500 });
    },
  }, httpFrontend({ swarms, counters, pages }));
  const { port } = http.addr;
  const front = new UdpFrontend({ swarms, ids: new ConnectionIds(clock), counters });
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
