/**
 * One host of a run: its namespace, its disk, its agent, and what can be done to it.
 *
 * @module
 */

import { stringify } from "yaml";
import { agentConfig } from "../integration/agent/harness/agent_config.ts";
import { AgentProcess, type Exit } from "../integration/agent/harness/agent_process.ts";
import { unwellSwitch } from "../integration/agent/harness/service_program.ts";
import { type Network, SERVICE_PORT } from "./network.ts";

/** The one service that all hosts run. */
export const SERVICE = "web";

/** What a machine depends on. */
export interface MachineOptions {
  readonly name: string;
  readonly network: Network;
  /** The folder of the run, with the folder `switches`. */
  readonly folder: string;
  readonly zookeeper: string;
  /** A mark in the environment of its processes. */
  readonly mark: string;
  readonly drainSeconds: number;
  readonly pin: "preferred" | "off";
  /** Called when the agent has ended without having been told to. */
  readonly onUnexpectedEnd: (exit: Exit) => void;
}

/** Room for some releases, a service's log and the agent's records, beside the 64 MiB that an agent leaves free. */
const DISK_MIB = 96;
/** How long a host that cannot read the tree waits until it starts what it ran. */
const START_ALONE_MS = 15_000;
/** As in the unit of docs/operating.md. */
const RESTART_MS = 2_000;
const FILL_BYTES = 64 * 1024;

/** A host. */
export class Machine {
  readonly #options: MachineOptions;
  readonly #dataDir: string;
  #agent: AgentProcess | null = null;
  /** Whether its agent is meant to run. */
  #isOn = false;

  private constructor(options: MachineOptions) {
    this.#options = options;
    this.#dataDir = `${options.folder}/${options.name}`;
  }

  /** Mounts its disk and writes its config. */
  static async create(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    const { name, folder, zookeeper, mark, pin, drainSeconds } = options;
    await Deno.mkdir(machine.#dataDir);
    await run(["mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", machine.#dataDir]);
    const config = agentConfig({
      pin,
      startAloneAfter: START_ALONE_MS,
      healthInterval: 250,
      drainSeconds,
      hostname: "0.0.0.0",
    }, {
      host: name,
      folder,
      dataDir: machine.#dataDir,
      zookeeper,
      ports: new Map([[SERVICE, SERVICE_PORT]]),
      mark,
    });
    await Deno.writeTextFile(`${folder}/${name}.yaml`, stringify(config));
    return machine;
  }

  get name(): string {
    return this.#options.name;
  }

  /** The log of all its agents. */
  get logPath(): string {
    return `${this.#options.folder}/${this.name}.log`;
  }

  /** Starts its agent, and from now on starts it again when it ends by itself, as systemd would. */
  startAgent(): void {
    this.#isOn = true;
    if (this.#agent !== null) return;
    const { network, folder, name, mark, onUnexpectedEnd } = this.#options;
    const agent = new AgentProcess({
      configPath: `${folder}/${name}.yaml`,
      logPath: this.logPath,
      mark,
      wrapper: network.on(name),
    });
    this.#agent = agent;
    agent.exited.then((exit) => {
      if (this.#agent === agent) this.#agent = null;
      if (agent.unexpectedEnd === null) return;
      onUnexpectedEnd(exit);
      setTimeout(() => {
        if (this.#isOn) this.startAgent();
      }, RESTART_MS);
    });
  }

  /** Kills the agent; its services go on. */
  async killAgent(): Promise<void> {
    this.#isOn = false;
    const agent = this.#agent;
    await agent?.end("SIGKILL");
  }

  /** Stops the agent as it is, and lets it go on. */
  freezeAgent(): void {
    this.#agent?.signal("SIGSTOP");
  }

  thawAgent(): void {
    this.#agent?.signal("SIGCONT");
  }

  /** Kills everything on the host, and returns the pids. */
  async cutPower(): Promise<number[]> {
    this.#isOn = false;
    const agent = this.#agent;
    // Also one that was started just now, and has not entered the host's namespace yet.
    agent?.signal("SIGKILL");
    const killed: number[] = [];
    // Twice, since a process may have started another one meanwhile.
    for (let round = 0; round < 2; round++) {
      for (const pid of this.#options.network.pidsOn(this.name)) {
        kill(pid);
        killed.push(pid);
      }
    }
    await agent?.exited;
    return killed;
  }

  /** Takes the last byte of its disk. */
  fillDisk(): void {
    using file = Deno.openSync(this.#filler, { append: true, create: true });
    for (let bytes = new Uint8Array(FILL_BYTES); bytes.length > 0;) {
      try {
        if (file.writeSync(bytes) < bytes.length) bytes = bytes.subarray(bytes.length / 2);
      } catch {
        // ENOSPC: smaller pieces may still fit.
        bytes = bytes.subarray(Math.ceil(bytes.length / 2));
      }
    }
  }

  freeDisk(): void {
    Deno.removeSync(this.#filler);
  }

  /** Makes its service answer that it is unwell, or well again. */
  setWell(isWell: boolean): void {
    const path = `${this.#options.folder}/switches/${unwellSwitch(this.name)}`;
    if (isWell) Deno.removeSync(path);
    else Deno.writeTextFileSync(path, "");
  }

  async cutNetwork(): Promise<void> {
    await this.#options.network.cut(this.name);
  }

  async mendNetwork(): Promise<void> {
    await this.#options.network.mend(this.name);
  }

  get #filler(): string {
    return `${this.#dataDir}/filler`;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function run([program = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (success) return;
  throw new Error(`${program}: ${new TextDecoder().decode(stderr).trim()}`);
}
