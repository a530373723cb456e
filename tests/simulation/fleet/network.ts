/**
 * The network of a run: connections in memory whose bytes take time. Bytes of one connection arrive in their order, those
 * of different connections in any. What a process has sent is on its way, whatever becomes of the process: that is how a
 * late request looks. Networks break: connections are reset, partitions hold bytes back, hosts vanish without a word.
 *
 * @module
 */

import type { ByteStream } from "../../../zookeeper/mod.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import type { RandomStream } from "./random.ts";
import type { ProcessClock, VirtualTime } from "./virtual_time.ts";

/** What stands at one end of a connection. */
export interface Party {
  /** The machine that it runs on, by its name in the network. */
  readonly place: string;
  /** Its process. */
  readonly clock: ProcessClock;
}

/** The ends of a connection. */
export interface Connected {
  readonly client: NetworkStream;
  readonly server: NetworkStream;
}

/** How long bytes are on their way that count as late, in ms: usually they take no more than a hundred. */
export const LATE_MS = 500;

/** The network. */
export class Network {
  readonly #time: VirtualTime;
  readonly #random: RandomStream;
  readonly #links = new Set<Link>();
  /** Pairs of places that cannot reach each other, and how many partitions say so. */
  readonly #cut = new Map<string, number>();
  /** Places whose bytes take longer, by how much. */
  readonly #slow = new Map<string, number>();

  constructor(time: VirtualTime, random: RandomStream) {
    this.#time = time;
    this.#random = random;
  }

  /** Opens a connection. It is for the caller to find out whether somebody listens. */
  open(client: Party, server: Party): Connected {
    const link = new Link(this, { client, server });
    this.#links.add(link);
    return { client: link.client, server: link.server };
  }

  /** Whether two places can reach each other. */
  isReachable(one: string, other: string): boolean {
    return this.#cut.size === 0 || !this.#cut.has(pairOf(one, other));
  }

  /** Whether everybody can reach everybody. */
  get isWhole(): boolean {
    return this.#cut.size === 0;
  }

  /** Cuts each of the ones off from each of the others. Bytes wait until all partitions are healed. */
  cut(ones: readonly string[], others: readonly string[]): void {
    for (const pair of pairsOf(ones, others)) this.#cut.set(pair, (this.#cut.get(pair) ?? 0) + 1);
  }

  /** Takes back one {@link cut}. */
  heal(ones: readonly string[], others: readonly string[]): void {
    for (const pair of pairsOf(ones, others)) {
      const left = (this.#cut.get(pair) ?? 0) - 1;
      if (left > 0) this.#cut.set(pair, left);
      else this.#cut.delete(pair);
    }
    for (const link of this.#links) link.flush();
  }

  /** Makes all bytes from and to a place take that much longer; 0 ends it. */
  slow(place: string, extraMs: number): void {
    if (extraMs === 0) this.#slow.delete(place);
    else this.#slow.set(place, extraMs);
  }

  /** The connections of a place. */
  linksOf(place: string): Link[] {
    return [...this.#links].filter((link) => link.places.includes(place));
  }

  /** How long bytes take between two places. */
  delayMs(one: string, other: string): number {
    const random = this.#random;
    const dice = random.next();
    const extraMs = (this.#slow.get(one) ?? 0) + (this.#slow.get(other) ?? 0);
    if (dice < 0.9) return extraMs + 0.1 + random.next();
    return extraMs + (dice < 0.99 ? 1 + random.next() * 9 : 10 + random.next() * 90);
  }

  /** Time of this network. */
  get time(): VirtualTime {
    return this.#time;
  }

  /** Forgets a connection that both ends have closed. */
  forget(link: Link): void {
    this.#links.delete(link);
  }
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function pairsOf(ones: readonly string[], others: readonly string[]): string[] {
  return ones.flatMap((one) => others.map((other) => pairOf(one, other)));
}

/** One connection. */
export class Link {
  readonly places: readonly [string, string];
  readonly client: NetworkStream;
  readonly server: NetworkStream;
  readonly toServer: Pipe;
  readonly toClient: Pipe;
  readonly #network: Network;

  constructor(network: Network, { client, server }: { client: Party; server: Party }) {
    this.#network = network;
    this.places = [client.place, server.place];
    this.toServer = new Pipe(network, this, server.clock);
    this.toClient = new Pipe(network, this, client.clock);
    this.client = new NetworkStream(this, this.toClient, this.toServer);
    this.server = new NetworkStream(this, this.toServer, this.toClient);
  }

  /** Breaks the connection: what is on its way is lost, and both ends learn of it at once. */
  reset(): void {
    for (const pipe of [this.toServer, this.toClient]) pipe.break();
    this.#network.forget(this);
  }

  /** Lets waiting bytes go on, if the ends can reach each other. */
  flush(): void {
    this.toServer.flush();
    this.toClient.flush();
  }

  /** Whether something is on its way, in either direction, that takes much longer than usual. */
  get isLate(): boolean {
    return this.toServer.isLate || this.toClient.isLate;
  }

  /** Forgets the connection once nothing can come over it any more. */
  closed(): void {
    if (this.toServer.isOver && this.toClient.isOver) this.#network.forget(this);
  }
}

/** Bytes on their way, or null for the end of the stream. */
interface Parcel {
  readonly bytes: Uint8Array | null;
  readonly dueMs: number;
  readonly isLate: boolean;
}

/** One direction of a connection. */
export class Pipe {
  readonly #network: Network;
  readonly #link: Link;
  readonly #receiver: ProcessClock;
  readonly #underWay: Parcel[] = [];
  readonly #arrived: Uint8Array[] = [];
  #lastDueMs = 0;
  #hasEnded = false;
  #isBroken = false;
  #isScheduled = false;
  #reader:
    | { resolve(count: number | null): void; reject(error: Error): void; buffer: Uint8Array }
    | null = null;
  /** The next bytes take that much longer. */
  holdNextMs = 0;
  /** The next transaction takes that much longer, and what is sent after it. */
  holdTransactionMs = 0;
  /** Until when transactions take longer, and by how much. */
  lateTransactions: { readonly untilMs: number; readonly byMs: number } | null = null;
  /** The connection breaks instead of delivering the next bytes. */
  breaksNext = false;

  constructor(network: Network, link: Link, receiver: ProcessClock) {
    this.#network = network;
    this.#link = link;
    this.#receiver = receiver;
  }

  /** Whether nothing can come through it any more. */
  get isOver(): boolean {
    return this.#isBroken || this.#hasEnded;
  }

  /** Whether something is on its way that takes much longer than usual. */
  get isLate(): boolean {
    return this.#underWay.some((parcel) => parcel.isLate);
  }

  /** Sends bytes; null: no more will come. */
  send(bytes: Uint8Array | null): void {
    if (this.isOver) return;
    const [one, other] = this.#link.places;
    const { time } = this.#network;
    const delayMs = this.#network.delayMs(one, other) + this.holdNextMs + this.#lateMs(bytes);
    if (bytes !== null) this.holdNextMs = 0;
    const dueMs = Math.max(this.#lastDueMs, time.nowMs + delayMs);
    this.#lastDueMs = dueMs;
    this.#underWay.push({ bytes, dueMs, isLate: dueMs - time.nowMs >= LATE_MS });
    this.flush();
  }

  #lateMs(bytes: Uint8Array | null): number {
    // A frame's length and the request's number come before the operation code.
    if (bytes === null || bytes[8] !== 0 || bytes[11] !== opcodes.multi) return 0;
    const heldMs = this.holdTransactionMs;
    this.holdTransactionMs = 0;
    const late = this.lateTransactions;
    const isLate = late !== null && this.#network.time.nowMs <= late.untilMs;
    return heldMs + (isLate ? late.byMs : 0);
  }

  /** Delivers what is due, and comes back for the rest. */
  flush(): void {
    const { time } = this.#network;
    const [one, other] = this.#link.places;
    while (!this.isOver && this.#network.isReachable(one, other)) {
      const [first] = this.#underWay;
      if (first === undefined) return;
      if (first.dueMs > time.nowMs) {
        if (this.#isScheduled) return;
        this.#isScheduled = true;
        time.after(first.dueMs - time.nowMs, () => {
          this.#isScheduled = false;
          this.flush();
        });
        return;
      }
      this.#underWay.shift();
      this.#deliver(first.bytes);
    }
  }

  #deliver(bytes: Uint8Array | null): void {
    if (this.breaksNext && bytes !== null) return this.#link.reset();
    if (bytes === null) {
      this.#hasEnded = true;
      this.#link.closed();
    } else if (this.#receiver.isDead) {
      // Nobody is there to take it: the machine answers with a reset.
      return this.#link.reset();
    } else this.#arrived.push(bytes);
    this.#wake();
  }

  /** Reads what has arrived. */
  take(buffer: Uint8Array): Promise<number | null> {
    return this.#receiver.deliver(
      new Promise((resolve, reject) => {
        this.#reader = { resolve, reject, buffer };
        this.#wake();
      }),
    );
  }

  /** The connection is gone. */
  break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#underWay.length = 0;
    this.#wake();
  }

  /** The reader has closed its end. */
  abandon(): void {
    this.#isBroken = true;
    this.#underWay.length = 0;
    this.#reader?.resolve(null);
    this.#reader = null;
  }

  #wake(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const [first] = this.#arrived;
    if (first !== undefined) {
      this.#reader = null;
      const count = Math.min(first.length, reader.buffer.length);
      reader.buffer.set(count === first.length ? first : first.subarray(0, count));
      if (count === first.length) this.#arrived.shift();
      else this.#arrived[0] = first.subarray(count);
      reader.resolve(count);
    } else if (this.#isBroken) {
      this.#reader = null;
      reader.reject(new Deno.errors.ConnectionReset("read: the connection was reset"));
    } else if (this.#hasEnded) {
      this.#reader = null;
      reader.resolve(null);
    }
  }
}

/** Memory for copies: many small ones in one piece, since each piece of its own costs more than the copy. */
let memory = new Uint8Array(0);
let usedBytes = 0;

/** Copies bytes whose owner uses their memory again. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  if (usedBytes + bytes.length > memory.length) {
    memory = new Uint8Array(Math.max(64 * 1024, bytes.length));
    usedBytes = 0;
  }
  const copy = memory.subarray(usedBytes, usedBytes += bytes.length);
  copy.set(bytes);
  return copy;
}

/** One end of a connection. */
export class NetworkStream implements ByteStream {
  readonly link: Link;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  #isClosed = false;

  constructor(link: Link, incoming: Pipe, outgoing: Pipe) {
    this.link = link;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#incoming.take(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Deno.errors.BrokenPipe("write: it is closed"));
    this.#outgoing.send(copyOf(bytes));
    return Promise.resolve(bytes.length);
  }

  /** The machine has gone without a word: nothing more comes from it, and what is sent to it is lost. */
  vanish(): void {
    this.#isClosed = true;
    this.#incoming.abandon();
  }

  /** The process closes it, or has ended: what it has sent still arrives, and then the other end learns of it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outgoing.send(null);
    this.#incoming.abandon();
    this.link.closed();
  }
}
