/**
 * The plainest tracker there is: everybody hears of everybody else, at once. For benchmarks, where who
 * meets whom must be the same for all contenders; Rollcall's own chooses by rack and site.
 */

import bencode from "bencode";

/** A tracker on loopback. */
export interface PlainTracker extends AsyncDisposable {
  readonly announceUrl: string;
  /** Forgets everybody, between two runs. */
  clear(): void;
}

/** Starts it on a free port. */
export function startPlainTracker(): PlainTracker {
  const peers = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const query = new URL(request.url).search;
    const peerId = /[?&]peer_id=([^&]*)/.exec(query)?.[1] ?? "";
    const port = Number(/[?&]port=(\d+)/.exec(query)?.[1]);
    const isStopped = /[?&]event=stopped/.test(query);
    const others = [...peers].filter(([id]) => id !== peerId).flatMap(([, at]) => [
      ...[127, 0, 0, 1],
      at >> 8,
      at & 255,
    ]);
    if (isStopped) peers.delete(peerId);
    else peers.set(peerId, port);
    return new Response(
      new Uint8Array(bencode.encode({
        interval: 2,
        "min interval": 1,
        peers: new Uint8Array(others),
      })),
    );
  });
  return {
    announceUrl: `http://127.0.0.1:${server.addr.port}/announce`,
    clear: () => peers.clear(),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
