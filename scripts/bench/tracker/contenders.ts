/** The trackers that are compared, each in a process of its own, all on the same core. */

/** The info hash that everybody announces, in hexadecimal. */
export const INFO_HASH = "ab".repeat(20);
/** Where the servers run; the generator has the other one. */
const SERVER_CORE = "0";
const START_MS = 20_000;

/** A tracker that listens. */
export interface RunningTracker {
  readonly name: string;
  readonly port: number;
  /** Seconds of processor time that it and its threads have used so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** The names in the order of the tables; ours first. */
export const CONTENDERS = ["ours", "bittorrent-tracker", "opentracker"] as const;
/** One of {@link CONTENDERS}. */
export type ContenderName = typeof CONTENDERS[number];

/** Starts one of them; rejects if it does not listen in time. */
export async function startTracker(name: ContenderName, folder: string): Promise<RunningTracker> {
  const port = freePort();
  const [program, ...args] = await commandOf(name, { port, folder });
  const child = new Deno.Command("taskset", {
    args: ["-c", SERVER_CORE, program ?? "", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilListening(name, port);
  return {
    name,
    port,
    cpuSeconds: () => readCpuSeconds(child.pid),
    async stop() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

async function commandOf(
  name: ContenderName,
  { port, folder }: { port: number; folder: string },
): Promise<string[]> {
  const deno = [Deno.execPath(), "run", "-A", "--no-check"];
  switch (name) {
    case "ours":
      return [...deno, `${import.meta.dirname}/contenders/ours.ts`, String(port)];
    case "bittorrent-tracker":
      return [...deno, `${import.meta.dirname}/contenders/stock.js`, String(port)];
    case "opentracker": {
      // Debian's is built with a list of what it serves, and steps into its folder as its root.
      await Deno.chmod(folder, 0o755);
      await Deno.writeTextFile(`${folder}/whitelist.txt`, `${INFO_HASH}\n`);
      const address = ["-i", "127.0.0.1", "-p", String(port), "-P", String(port)];
      return ["opentracker", ...address, "-d", folder, "-w", "whitelist.txt", "-u", "nobody"];
    }
  }
}

/** One that is free now for TCP and most likely for UDP. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function untilListening(name: string, port: number): Promise<void> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`start ${name}: expected it to listen on 127.0.0.1:${port}, it does not`);
}

/** proc(5): utime and stime are the 14th and 15th field, in hundredths of a second. */
function readCpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
