/**
 * Rollcall's own frontend: the project's HTTP server and a datagram socket. It is the default: it takes a seventh to a tenth
 * of the processor time of `bittorrent_tracker/server.ts`.
 */

import { systemClock } from "../../base/clock.ts";
import { answerOnlyTo, HttpServer, readResponse } from "../../http/mod.ts";
import { ConnectionIds } from "./connection_ids.ts";
import type { Frontend, FrontendOptions } from "./frontend.ts";
import { httpFrontend } from "./http.ts";
import { UdpFrontend } from "./udp.ts";
import { listenUdp } from "./udp_socket.ts";

/** Opens Rollcall's own frontend; see {@link OpenFrontend}. */
export async function openNativeFrontend(options: FrontendOptions): Promise<Frontend> {
  const { hostname, swarms, counters, clock, pages, names, log, onError } = options;
  const http = HttpServer.listen({
    name: "tracker",
    hostname,
    port: options.port,
    log,
    // Time limits of connections are real time, also where the tracker's own clock is a test's.
    clock: systemClock,
    handler: httpFrontend({
      swarms,
      counters,
      // Announces are answered to any name: they say nothing that a web page could use, and releases bear the name.
      pages: answerOnlyTo(names, "start the tracker with --allow-host NAME", async (request) => {
        const [path = ""] = request.target.split("?", 1);
        return await readResponse(await pages(request, path));
      }),
    }),
  });
  const { port } = http;
  const front = new UdpFrontend({ swarms, ids: new ConnectionIds(clock), counters });
  const answer = (datagram: Uint8Array, ip: string) => front.answer(datagram, ip);
  try {
    const udp = options.udp ? await listenUdp({ hostname, port, answer, onError }) : undefined;
    return {
      port,
      async close() {
        await Promise.all([udp?.close(), http.close()]);
      },
    };
  } catch (cause) {
    await http.close();
    throw cause;
  }
}
