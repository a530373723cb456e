/**
 * One host's part in one service, as a state machine that takes one small step at a time and may die between any two.
 * What it decides and switches is in `decision_model.ts` and `switch_model.ts`; `agent.ts` makes it take its steps.
 *
 * @module
 */

import {
  type Current,
  currentPath,
  isHeld,
  SCHEMA_VERSION,
  type Slot,
  slotsPath,
  type Staged,
  stagingPath,
} from "../../../rollout/mod.ts";
import { act } from "./decision_model.ts";
import type { Environment, Outcome, Purpose } from "./environment.ts";
import type { Client, Installation, Machine, Process } from "./machine.ts";
import { type Reading, readService } from "./reading.ts";
import { stepSwitch } from "./switch_model.ts";
import { childrenOf, nodeAt, type Operation } from "./tree_model.ts";

/** What is lost when the agent dies. */
export interface Memory {
  /** Whether the host must read first whether it holds a slot. */
  mustLook: boolean;
  slot: { readonly entry: Slot; readonly version: number } | null;
  /** Whether the action of the slot's step was taken since the agent started. */
  isStepTaken: boolean;
  written: Pick<Current, "version" | "state"> | null;
  staged: { readonly path: string; readonly version: string } | null;
  reading: Reading | null;
  hasRejoined: boolean;
  waitingFor: string;
}

function blankMemory(): Memory {
  return {
    mustLook: true,
    slot: null,
    isStepTaken: false,
    written: null,
    staged: null,
    reading: null,
    hasRejoined: false,
    waitingFor: "just started",
  };
}

/** Most changes by which a reading may lag behind. */
const MAX_LAG = 20;

/** One service of a host during one life of its agent. After a restart of the agent a new object begins without its memory. */
export class HostModel {
  readonly environment: Environment;
  readonly memory: Memory = blankMemory();
  readonly #installation: Installation;
  readonly #client: Client;
  /** The session that the host has written in. */
  #session: number | null = null;

  constructor(
    installation: Installation,
    { client, environment }: { readonly client: Client; readonly environment: Environment },
  ) {
    this.environment = environment;
    this.#installation = installation;
    this.#client = client;
  }

  get machine(): Machine {
    return this.#installation.machine;
  }

  get service(): string {
    return this.#installation.service;
  }

  get name(): string {
    return this.machine.name;
  }

  get disk(): Installation["disk"] {
    return this.#installation.disk;
  }

  get process(): Process | null {
    return this.#installation.process;
  }

  set process(process: Process | null) {
    this.#installation.process = process;
  }

  /** Takes one step. */
  step(): void {
    const { memory, environment: { random } } = this;
    // Without a session nothing changes (I9).
    if (this.#client.session === null) return;
    if (this.#client.session !== this.#session) this.#enterSession(this.#client.session);
    if (memory.mustLook) return this.#look();
    const isSwitching = isHeld(memory.slot?.entry);
    // In the agent, another actor (the registrar) keeps the entry up to date, at its own pace.
    if (this.#isEntryOld() && (!isSwitching || random.chance(0.5))) return this.#register();
    if (isSwitching) return stepSwitch(this);
    if (this.process?.isHealthy === false && random.chance(0.4)) {
      this.process = this.#start(this.process.version);
      return;
    }
    if (memory.reading === null) {
      memory.reading = this.#read();
      return;
    }
    const reading = memory.reading;
    memory.reading = null;
    act(this, reading);
  }

  /** The host's ephemeral nodes have vanished with its earlier session. */
  #enterSession(session: number): void {
    this.#session = session;
    this.memory.written = null;
    this.memory.staged = null;
    this.memory.hasRejoined = false;
  }

  /** Sends a `multi` in the host's session. If its outcome stays unknown, the host must read what happened. */
  send(operations: readonly Operation[], purpose: Purpose = { kind: "other" }): Outcome {
    const { session } = this.#client;
    if (session === null) return { kind: "unknown" };
    const outcome = this.environment.send({ session, operations, purpose });
    if (outcome.kind === "done") this.#client.seenZxid = outcome.zxid;
    else this.memory.mustLook = true;
    return outcome;
  }

  /** Reads the service as it is, after a `sync`. */
  readFresh(): Reading {
    const { snapshot, zxid } = this.environment.tree;
    this.#client.seenZxid = zxid;
    return readService(this.service, {
      first: snapshot,
      firstZxid: zxid,
      rest: snapshot,
      restZxid: zxid,
    });
  }

  /** The operations that write the host's entry, in this session. */
  entryOperations(): Operation[] {
    const { snapshot, zxid } = this.environment.tree;
    const path = currentPath(this.service, this.name);
    const data = this.#entry(zxid);
    const node = snapshot.get(path);
    const isOwn = node !== undefined && node.owner === this.#client.session;
    const saidServing = isOwn && (node.data as Current).state === "serving";
    // A host that begins to count as serving makes admissions on their way fail, its own among them.
    const counting: Operation[] = this.state.state === "serving" && !saidServing
      ? [{ kind: "set", path: slotsPath(this.service), data: null, version: null }]
      : [];
    if (isOwn) return [...counting, { kind: "set", path, data, version: node.version }];
    const create: Operation = { kind: "create", path, data, lifetime: "ephemeral" };
    return node === undefined
      ? [...counting, create]
      : [...counting, { kind: "delete", path, version: node.version }, create];
  }

  /** What the entry says once it is written. */
  get state(): Pick<Current, "version" | "state"> {
    return this.process === null
      ? { version: this.disk.pointer, state: "down" }
      : { version: this.process.version, state: this.process.isHealthy ? "serving" : "down" };
  }

  /** Reads what is in the tree, whatever the host believes: its slot, and what an earlier life of it has left. */
  #look(): void {
    const { tree } = this.environment;
    const { memory, name, service } = this;
    this.#client.seenZxid = tree.zxid;
    const node = tree.snapshot.get(slotsPath(service, name));
    memory.slot = node === undefined ? null : { entry: node.data as Slot, version: node.version };
    memory.isStepTaken = false;
    memory.reading = null;
    if (!isHeld(memory.slot?.entry)) this.disk.journal = null;
    const entry = tree.snapshot.get(currentPath(service, name));
    memory.written = entry?.owner === this.#client.session ? entry?.data as Current : null;
    const left: Operation[] = [];
    memory.staged = null;
    for (const child of childrenOf(tree.snapshot, stagingPath(service))) {
      const path = stagingPath(service, child);
      const { data, owner, version } = nodeAt(tree.snapshot, path);
      if ((data as Staged).host !== name) continue;
      if (owner === this.#client.session && memory.staged === null) {
        memory.staged = { path, version: (data as Staged).version };
      } else left.push({ kind: "delete", path, version });
    }
    memory.mustLook = false;
    if (left.length > 0) this.send(left);
  }

  #isEntryOld(): boolean {
    const { written } = this.memory;
    return written?.version !== this.state.version || written?.state !== this.state.state;
  }

  #register(): void {
    const state = this.state;
    if (this.send(this.entryOperations()).kind === "done") this.memory.written = state;
  }

  #entry(sinceMs: number): Current {
    return {
      schema: SCHEMA_VERSION,
      host: this.name,
      agent: this.name,
      site: "site",
      rack: "rack",
      ...this.state,
      sinceMs,
      pinnedBytes: 0,
      preparation: null,
      received: null,
      waitingFor: this.memory.waitingFor,
      endpoint: null,
    };
  }

  /** A reading that may be old, but never older than what the session has seen. */
  #read(): Reading {
    const { tree, random } = this.environment;
    const oldest = Math.max(this.#client.seenZxid, tree.zxid - MAX_LAG);
    const firstZxid = this.environment.hasFaults() ? random.between(oldest, tree.zxid) : tree.zxid;
    const restZxid = random.between(firstZxid, tree.zxid);
    this.#client.seenZxid = restZxid;
    return readService(this.service, {
      first: tree.at(firstZxid),
      firstZxid,
      rest: tree.at(restZxid),
      restZxid,
    });
  }

  /** The machine came back without its service, and starts it on that version. */
  start(version: string, reading: Reading): void {
    const isGoingBack = this.memory.slot?.entry.from === version;
    if (!isGoingBack) this.environment.invariants.checkRejoin(this, reading, version);
    if (this.fetch(version)) return;
    this.process = this.#start(version);
    const canGoBack = !reading.entry.withdrawn.includes(this.disk.pointer);
    // Otherwise it would stay down outside of any wave, and no host would count the failure.
    if (!this.process.isHealthy && canGoBack) this.process = this.#start(this.disk.pointer);
    this.disk.pointer = this.process.version;
    this.environment.note(`${this.service}/${this.name} starts ${version}`);
  }

  #start(version: string): Process {
    return { version, isHealthy: this.environment.isHealthy(this.service, this.name, version) };
  }

  /** Fetches a release; false once it is there. */
  fetch(version: string): boolean {
    if (this.disk.releases.has(version)) return false;
    if (this.environment.random.chance(0.5)) this.disk.releases.add(version);
    return true;
  }
}
