/** What the fault tests share: content, a tracker that says what it is told, fast time, and peers that misbehave. */

import bencode from "bencode";
import { type Clock, systemClock } from "../../../base/clock.ts";
import type { Distance, Locality } from "../../../base/locality.ts";
import { silentLog } from "../../../base/log.ts";
import {
  createRelease,
  createSwarmEngine,
  type SwarmEngineOptions,
  type TorrentEngine,
  type TransferEvent,
} from "../../../torrent/mod.ts";
import { encodeExtensions } from "../../../torrent/swarm/wire/extension_protocol.ts";
import { type FrameHandler, FrameReader } from "../../../torrent/swarm/wire/frame_reader.ts";
import { encodeHandshake, HANDSHAKE_BYTES } from "../../../torrent/swarm/wire/handshake.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockRange,
  MessageId,
  Outbox,
  readUint32,
  writeBlockHeader,
} from "../../../torrent/swarm/wire/messages.ts";
import type { ManualClock } from "../../support/manual_clock.ts";
import { sampleBytes, temporaryDirectory } from "./peer_harness.ts";

/** Where test hosts stand. */
export const locality = (host: string): Locality => ({ host, site: "north", rack: "a" });

/** A host with the swarm engine, on loopback. */
export function startHost(
  host: string,
  options: Partial<SwarmEngineOptions> = {},
): Promise<TorrentEngine> {
  return createSwarmEngine({
    locality: locality(host),
    hostname: "127.0.0.1",
    log: silentLog,
    ...options,
  });
}

/** Everything that waits, waits a twentieth of its time: time-outs come within the test's patience. */
export const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * 20,
  wallTimeMs: () => systemClock.wallTimeMs(),
  after: (delayMs, callback) => systemClock.after(delayMs / 20, callback),
};

/** Of the clock that {@link runUntil} moves. */
const STEP_MS = 250;

/**
 * Moves the clock on until the promise is settled, and lets real sockets carry what they can between two steps; whether it
 * was settled before so much of the clock's time had passed. How long that takes decides nothing.
 */
export async function runUntil(
  settled: Promise<unknown>,
  clock: ManualClock,
  maxMs: number,
): Promise<boolean> {
  let isSettled = false;
  void settled.catch(() => {}).then(() => isSettled = true);
  const endMs = clock.nowMs() + maxMs;
  while (!isSettled && clock.nowMs() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (!isSettled) clock.jump(STEP_MS);
  }
  return isSettled;
}

/** A tracker that names these ports of the loopback to whoever asks, known by its own port. */
export function startFixedTracker(
  ports: (asker: number) => readonly number[],
  reach?: Distance,
  stripes?: string,
) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const asker = Number(new URL(request.url).searchParams.get("port"));
    const peers = ports(asker).flatMap((port) => [127, 0, 0, 1, port >> 8, port & 255]);
    return new Response(
      new Uint8Array(bencode.encode({
        interval: 1,
        "min interval": 1,
        peers: new Uint8Array(peers),
        ...reach === undefined ? {} : { reach },
        ...stripes === undefined ? {} : { stripes },
      })),
    );
  });
  return {
    announceUrl: `http://127.0.0.1:${server.addr.port}/announce`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A directory with a published blob of that size; `announce` goes into its .torrent. */
export async function publishBlob(
  sizeBytes: number,
  announce: string,
  options: { pieceLengthBytes?: number } = {},
) {
  const directory = await temporaryDirectory();
  const path = `${directory.path}/blob.bin`;
  await Deno.writeFile(path, sampleBytes(sizeBytes, 1));
  const release = await createRelease({
    service: "web",
    version: "1.0",
    path,
    announce: [announce],
    log: silentLog,
    ...options,
  });
  return { ...release, directory, target: `${directory.path}/incoming` };
}

/** Resolves at the first event of which the test is true. */
export function until(
  transfer: ReturnType<TorrentEngine["fetch"]>,
  test: (event: TransferEvent) => boolean,
): Promise<TransferEvent> {
  return new Promise((resolve) => {
    const unsubscribe = transfer.subscribe((event) => {
      if (!test(event)) return;
      unsubscribe();
      resolve(event);
    });
  });
}

/** What a bad peer does with whoever it talks to. */
export interface Manners {
  /** Before anything else, in place of everything else. */
  readonly garbage?: boolean;
  /** Its peer id, 40 hexadecimal digits. Default: a random one. */
  readonly peerId?: string;
  /** Where it says it is. Default: it does not say. */
  readonly locality?: Locality;
  /** What it says after the handshakes. Default: that it has every piece, and that everybody may ask. */
  readonly says?: (outbox: Outbox) => void;
  /** What to send for a request; nothing: it is never answered. */
  readonly answer?: (request: BlockRange) => Uint8Array;
  /** How an answer is sent. Default: at once. */
  readonly send?: (connection: Deno.TcpConn, bytes: Uint8Array) => Promise<void>;
  /** Pieces that it would rather be asked for, though it lets nobody ask. */
  readonly suggests?: readonly number[];
}

/** What a bad peer notes. */
interface Notes {
  readonly onServed: () => void;
  readonly onHave: (index: number) => void;
}

/** Listens, says that it has everything, lets everybody ask, and then behaves as it is told. */
export function startBadPeer(infoHash: string, manners: Manners) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const talks = new Talks();
  let met = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      met++;
      talks.begin(connection, infoHash, { manners, isDialling: false });
    }
  })();
  return {
    port: listener.addr.port,
    /** How many connections it had. */
    get met() {
      return met;
    },
    /** Pieces that it was told of, in that order. */
    haves: talks.haves,
    /** How many requests it answered. */
    get served() {
      return talks.served;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
      await talks.end();
    },
  };
}

/** Dials that port as a peer would, and then behaves as it is told; `count` times at once. */
export async function startBadDiallers(
  infoHash: string,
  manners: Manners,
  { port, hostname = "127.0.0.1", count = 1 }: {
    readonly port: number;
    readonly hostname?: string;
    readonly count?: number;
  },
) {
  const talks = new Talks();
  for (let dialled = 0; dialled < count; dialled++) {
    const connection = await Deno.connect({ hostname, port });
    talks.begin(connection, infoHash, { manners, isDialling: true });
  }
  return {
    /** How many requests they answered. */
    get served() {
      return talks.served;
    },
    /** How many connections are still open. */
    get open() {
      return talks.open;
    },
    [Symbol.asyncDispose]: () => talks.end(),
  };
}

/** The connections of a bad peer, and what it has noted on them. */
class Talks {
  readonly haves: number[] = [];
  served = 0;
  readonly #open = new Map<Deno.TcpConn, Promise<void>>();

  get open(): number {
    return this.#open.size;
  }

  begin(
    connection: Deno.TcpConn,
    infoHash: string,
    options: { readonly manners: Manners; readonly isDialling: boolean },
  ): void {
    const notes = {
      onServed: () => void this.served++,
      onHave: (index: number) => void this.haves.push(index),
    };
    const talking = talk(connection, infoHash, { ...options, notes }).catch(() => {}).finally(
      () => {
        this.#open.delete(connection);
        closeQuietly(connection);
      },
    );
    this.#open.set(connection, talking);
  }

  async end(): Promise<void> {
    const talking = [...this.#open.values()];
    for (const connection of this.#open.keys()) closeQuietly(connection);
    await Promise.all(talking);
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

function randomPeerId(): string {
  return [...crypto.getRandomValues(new Uint8Array(20))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function talk(
  connection: Deno.TcpConn,
  infoHash: string,
  { manners, notes, isDialling }: {
    readonly manners: Manners;
    readonly notes: Notes;
    readonly isDialling: boolean;
  },
): Promise<void> {
  if (manners.garbage === true) {
    const garbage = crypto.getRandomValues(new Uint8Array(65_536));
    while (await connection.write(garbage) > 0);
    return;
  }
  if (!isDialling) await readExactly(connection, HANDSHAKE_BYTES);
  await writeAll(connection, encodeHandshake(infoHash, manners.peerId ?? randomPeerId()));
  if (isDialling) await readExactly(connection, HANDSHAKE_BYTES);
  const outbox = new Outbox(1_000_000);
  sayHello(outbox, manners);
  const hello = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(hello, 0);
  await writeAll(connection, hello);
  const requests: BlockRange[] = [];
  const handler: FrameHandler = {
    onMessage(id, payload) {
      if (id === MessageId.have) notes.onHave(readUint32(payload, 0));
      if (id !== MessageId.request) return;
      requests.push({
        index: readUint32(payload, 0),
        begin: readUint32(payload, 4),
        sizeBytes: readUint32(payload, 8),
      });
    },
    onBlockStart() {},
    onBlockBytes() {},
    onBlockEnd() {},
  };
  const reader = new FrameReader({ maxMessageBytes: 65_536, maxBlockBytes: 262_144 });
  const { send = writeAll } = manners;
  for (;;) {
    const sizeBytes = await connection.read(reader.room());
    if (sizeBytes === null) return;
    reader.advance(sizeBytes, handler);
    for (const request of requests.splice(0)) {
      const bytes = manners.answer?.(request);
      if (bytes === undefined) continue;
      await send(connection, bytes);
      notes.onServed();
    }
  }
}

function sayHello(outbox: Outbox, { locality, says, suggests }: Manners): void {
  if (locality !== undefined) {
    const extensions = { port: 0, maxRequests: 250, maxRequestBytes: 16_384, metadataBytes: 0 };
    outbox.extended(0, encodeExtensions({ ...extensions, locality }));
  }
  if (says !== undefined) return says(outbox);
  outbox.signal(MessageId.haveAll);
  if (suggests === undefined) outbox.signal(MessageId.unchoke);
  for (const index of suggests ?? []) outbox.suggest(index);
}

/** A whole answer with these bytes in it. */
export function blockMessage(request: BlockRange, fill: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + request.sizeBytes).fill(fill);
  writeBlockHeader(bytes, 0, request);
  return bytes;
}

/** Sends every byte. */
export async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads so many bytes. */
export async function readExactly(
  connection: Deno.TcpConn,
  sizeBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const read = await connection.read(bytes.subarray(at));
    if (read === null) throw new Error("the other end hung up");
    at += read;
  }
  return bytes;
}
