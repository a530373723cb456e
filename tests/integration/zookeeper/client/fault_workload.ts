// Clients at work while an ensemble suffers, and the account that they must be able to give afterwards:
// no lost watch, no double create, no ghost of an ephemeral node, each expiry reported once.
import assert from "node:assert/strict";
import {
  CachedTree,
  createProtected,
  hasCode,
  registerEphemeral,
  type SessionState,
  ZooKeeper,
} from "../../../../zookeeper/mod.ts";
import { until } from "../servers.ts";

/** Failures that an outage may cause and that say nothing more; whoever sees one tries again. */
function isOutage(error: unknown): boolean {
  return hasCode(error, "CONNECTION_LOSS", "SESSION_EXPIRED", "OPERATION_TIMEOUT");
}

const sessionTimeoutMs = 4_000;
/** Requests under way at once when the account is taken. */
const batchSize = 500;
const text = (data: Uint8Array) => new TextDecoder().decode(data);

export class FaultWorkload {
  readonly #root: string;
  readonly #direct: string;
  readonly #writer: ZooKeeper;
  readonly #listener: ZooKeeper;
  readonly #owner: ZooKeeper;
  readonly #states: SessionState[] = [];
  readonly #sessionIds: bigint[] = [];
  readonly #acknowledged = new Set<string>();
  readonly #seen: number[] = [];
  /** Follows the queue by one watch that stays. */
  #copy: CachedTree | undefined;
  #copyFailure: unknown;
  #counter = 0;
  /** The value after which the listener may stop. */
  #last: number | undefined;
  #attempted = 0;
  #running = true;
  #writing: Promise<void> = Promise.resolve();
  #listening: Promise<void> = Promise.resolve();
  #registering: Promise<void> = Promise.resolve();

  /** `connectString` is what the clients use; `direct` leads past every proxy. */
  constructor(connectString: string, options: { direct: string; root: string }) {
    this.#root = options.root;
    this.#direct = options.direct;
    const client = () =>
      new ZooKeeper(connectString + options.root, { sessionTimeoutMs, operationTimeoutMs: 20_000 });
    this.#writer = client();
    this.#listener = client();
    this.#owner = client();
  }

  /** The server of the client that owns the ephemeral node. */
  get ownerServer(): string | undefined {
    return this.#owner.server;
  }

  /** How many writes were acknowledged so far. */
  get progress(): number {
    return this.#acknowledged.size;
  }

  /** How often the owner's session has expired so far, as its client says. */
  get expiries(): number {
    return this.#states.filter((state) => state === "expired").length;
  }

  async start(): Promise<void> {
    await this.#writer.ensureChroot();
    await this.#writer.create("/queue");
    await this.#writer.create("/counter", "0");
    this.#copy = await CachedTree.open(this.#listener, "/queue", {
      onFailure: (error) => this.#copyFailure = error,
    });
    this.#owner.onState((state) => {
      this.#states.push(state);
      if (state === "connected") this.#register();
    });
    await this.#owner.connected();
    this.#register();
    await this.#registering;
    this.#writing = this.#write();
    this.#listening = this.#listen();
    await until("there is work", () => this.progress > 5);
  }

  /** Waits until the clients get on again. */
  async recovered(): Promise<void> {
    const before = this.progress;
    await until("writes are taken again", () => this.progress > before + 3);
    await this.#owner.connected();
    await this.#registering;
  }

  /** Stops the work and checks the account. */
  async finish(): Promise<void> {
    this.#running = false;
    await this.#writing;
    await this.#registering;
    const direct = new ZooKeeper(this.#direct + this.#root);
    try {
      await direct.sync("/");
      const names = await direct.childNames("/queue");
      const ids: string[] = [];
      // In parts: a fast machine leaves more nodes than a client lets wait for a connection.
      for (let first = 0; first < names.length; first += batchSize) {
        const part = names.slice(first, first + batchSize);
        ids.push(
          ...await Promise.all(
            part.map(async (name) => text((await direct.get(`/queue/${name}`)).data)),
          ),
        );
      }
      assert.equal(new Set(ids).size, ids.length, "a create happened twice");
      const there = new Set(ids);
      for (const id of this.#acknowledged) assert.ok(there.has(id), `create ${id} is lost`);
      await until(
        "the listener has seen the last value",
        () => this.#seen.at(-1) === this.#counter,
      );
      assert.deepEqual(this.#seen, this.#seen.toSorted((a, b) => a - b), "the listener went back");
      await until("the copy is complete", () => this.#copy?.size === names.length + 1);
      const copied = names.map((name) =>
        text(this.#copy?.get(`/queue/${name}`)?.data ?? new Uint8Array())
      );
      assert.deepEqual(copied, ids, "the copy differs");
      assert.equal(this.#copyFailure, undefined);
      const stat = await direct.exists("/owner");
      assert.equal(stat?.ephemeralOwner, this.#owner.sessionId, "the ephemeral node is a ghost");
      assert.equal(
        this.expiries,
        new Set(this.#sessionIds).size - 1,
        "expiries and sessions differ",
      );
    } finally {
      await direct.close();
      await this.#copy?.close();
      await Promise.all([this.#writer, this.#listener, this.#owner].map((zk) => zk.close()));
    }
  }

  #register(): void {
    const { sessionId } = this.#owner;
    this.#sessionIds.push(sessionId);
    this.#registering = registerEphemeral(this.#owner, "/owner").catch((error) => {
      if (!isOutage(error)) throw error;
    });
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const id = `${this.#attempted++}`;
      try {
        await createProtected(this.#writer, "/queue/n-", { data: id });
        this.#acknowledged.add(id);
        // Setting a value is harmless to repeat.
        await again(() => this.#writer.set("/counter", `${this.#counter + 1}`));
        this.#counter++;
      } catch (error) {
        if (!isOutage(error)) throw error;
      }
    }
  }

  /** Hears of each change by one-shot watches alone. */
  async #listen(): Promise<void> {
    while (this.#last === undefined || this.#seen.at(-1) !== this.#last) {
      const event = Promise.withResolvers<void>();
      let value: number;
      try {
        const { data } = await this.#listener.get("/counter", { watch: () => event.resolve() });
        value = Number(text(data));
      } catch (error) {
        if (!isOutage(error)) throw error;
        continue;
      }
      this.#seen.push(value);
      if (value !== this.#last) await event.promise;
    }
  }
}

async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }
}
