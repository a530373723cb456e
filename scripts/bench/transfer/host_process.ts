/** A host of the benchmark in a process of its own: what it prints, and what it costs in processor time and memory. */

/** What a process has cost. */
export interface Cost {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** The most memory that was resident at a time, in bytes. */
  readonly residentBytes: number;
}

/** The kernel's unit of times in /proc (USER_HZ), the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** How often the cost is read, since nothing can be read of a process that has ended. */
const SAMPLE_MS = 20;

/** A host that runs in a process of its own. */
export class HostProcess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";
  #cost: Cost = { cpuSeconds: 0, residentBytes: 0 };
  readonly #sampler: ReturnType<typeof setInterval>;

  constructor(command: readonly string[]) {
    const [program = "", ...args] = command;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    // Some programs end by themselves, and then their cost can no longer be read.
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** The next line that it prints, parsed as JSON; undefined if it has ended. */
  async next(): Promise<Record<string, number> | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end !== -1) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return JSON.parse(line);
      }
      const { value, done } = await this.#lines.read();
      if (done) return undefined;
      this.#rest += value;
    }
  }

  /** Waits until it is ready, and tells it to begin. */
  async begin(): Promise<void> {
    await this.ready();
    await this.go();
  }

  /** Waits until it has started. */
  async ready(): Promise<void> {
    await this.next();
  }

  /** Tells it to begin. */
  async go(): Promise<void> {
    await this.#stdin.write(new Uint8Array([0x0a]));
  }

  /** Waits for its end and drops what it prints. */
  async ended(): Promise<void> {
    while (!(await this.#lines.read()).done);
    await this.#child.status;
    clearInterval(this.#sampler);
  }

  /** What it has cost so far, or until its end. */
  cost(): Cost {
    this.#sample();
    return this.#cost;
  }

  /** Tells it to end and returns its last line. */
  async end(): Promise<Record<string, number>> {
    this.cost();
    await this.#stdin.close().catch(() => {});
    const last = await this.next();
    await this.#child.status;
    clearInterval(this.#sampler);
    return last ?? {};
  }

  /** Kills it with SIGKILL, for programs that do not end with their standard input. */
  async kill(): Promise<void> {
    this.cost();
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  #sample(): void {
    try {
      const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
      const kib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
      const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
      this.#cost = {
        cpuSeconds: Math.max(cpuSeconds, this.#cost.cpuSeconds),
        residentBytes: Math.max(kib * 1024, this.#cost.residentBytes),
      };
    } catch {
      // It has ended.
    }
  }
}
