/**
 * A tracker that lets one side alone dial: it tells our engine where the foreign client listens, and the foreign client
 * of nobody. Some clients refuse addresses on loopback, and so can only be dialled.
 */

/** A tracker for two. */
export interface MeetingTracker extends AsyncDisposable {
  readonly announceUrl: string;
}

/** Announces that come from another port than `foreignPort` learn of it. */
export function startMeetingTracker(foreignPort: number): MeetingTracker {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const query = new URL(request.url.replaceAll("%", "%25")).searchParams;
    const isForeign = query.get("port") === String(foreignPort);
    const peers = isForeign
      ? new Uint8Array()
      : new Uint8Array([127, 0, 0, 1, foreignPort >> 8, foreignPort & 255]);
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
