/**
 * A tracker that names one peer, to all but that one: so it is known who dials. Some clients refuse addresses on loopback
 * and can only be dialled; others say that they lack nothing while they know no more than an info hash, and get nobody
 * from a tracker that goes by it.
 */

/** A tracker for two. */
export interface MeetingTracker extends AsyncDisposable {
  readonly announceUrl: string;
}

/** Announces that come from another port than that learn of it. */
export function startMeetingTracker(namedPort: number): MeetingTracker {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isNamed = new RegExp(`[?&]port=${namedPort}(&|$)`).test(request.url);
    const peers = isNamed
      ? new Uint8Array()
      : new Uint8Array([127, 0, 0, 1, namedPort >> 8, namedPort & 255]);
    const head = new TextEncoder().encode(
      `d8:intervali1e12:min intervali1e5:peers${peers.length}:`,
    );
    return new Response(new Uint8Array([...head, ...peers, 0x65]));
  });
  return {
    announceUrl: `http://127.0.0.1:${server.addr.port}/announce`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
