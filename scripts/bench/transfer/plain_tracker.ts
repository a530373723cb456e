/**
 * The simplest tracker there is: every peer is told of all others at once. It is for benchmarks, where all contenders must
 * meet the same peers; Rollcall's own tracker chooses by rack and site.
 */

import bencode from "bencode";

/** A tracker on loopback. */
export interface PlainTracker extends AsyncDisposable {
  readonly announceUrl: string;
  /** Forgets all peers, between two runs. */
  clear(): void;
  /** Waits until it knows that many peers; returns when the last of them came, on the clock of `performance`. */
  untilAsked(peers: number): Promise<number>;
}

/** Starts it on a free port. */
export function startPlainTracker(): PlainTracker {
  const peers = new Map<string, number>();
  let lastMs = 0;
  let wake = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const query = new URL(request.url).search;
    const peerId = /[?&]peer_id=([^&]*)/.exec(query)?.[1] ?? "";
    const port = Number(/[?&]port=(\d+)/.exec(query)?.[1]);
    const others = [...peers].filter(([id]) => id !== peerId)
      .flatMap(([, at]) => [127, 0, 0, 1, at >> 8, at & 255]);
    if (/[?&]event=stopped/.test(query)) {
      peers.delete(peerId);
    } else if (!peers.has(peerId)) {
      peers.set(peerId, port);
      lastMs = performance.now();
      wake.resolve();
      wake = Promise.withResolvers();
    }
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
    async untilAsked(count) {
      while (peers.size < count) await wake.promise;
      return lastMs;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
