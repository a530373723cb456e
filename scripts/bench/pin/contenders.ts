/** The programs that are compared, by the same options: they mean the same to both. */

import { fileURLToPath } from "node:url";
import { join } from "node:path";

const ROLLCALL = [
  Deno.execPath(),
  "run",
  "-A",
  fileURLToPath(new URL("../../../mod.ts", import.meta.url)),
  "pin",
  // As vmtouch has none.
  "--margin",
  "0",
];
const VMTOUCH = ["vmtouch", "-m", "64G"];

/** Whom to run. */
export type Contender = "ours" | "vmtouch";

/** What is done. */
export type Work = "report" | "touch" | "lock";

/** What it took. */
export interface Outcome {
  readonly seconds: number;
  /** User and system time, of a keeper or daemon as well. */
  readonly cpuSeconds: number;
}

/** Linux counts the time of processes in hundredths of a second for those who read /proc. */
const TICKS_PER_SECOND = 100;

const ARGUMENTS: Readonly<Record<Work, readonly string[]>> = {
  report: ["-q"],
  touch: ["-q", "-t"],
  lock: ["-q", "-l", "-d", "-w"],
};

/** Runs one of them to its end, or until all is locked; the lock is given back afterwards. */
export async function run(
  contender: Contender,
  { work, path, folder }: {
    readonly work: Work;
    readonly path: string;
    /** Where its pid file goes. */
    readonly folder: string;
  },
): Promise<Outcome> {
  const pidFile = join(folder, `${contender}.pid`);
  const errorsFile = join(folder, "errors");
  const program = contender === "ours" ? ROLLCALL : VMTOUCH;
  const pidArguments = work === "lock" ? ["-P", pidFile] : [];
  // Only a shell says what its children took.
  const { code, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      // What a daemon has as its standard error stays open for as long as it lives.
      'TIMEFORMAT="%R %U %S"; errors=$1; shift; time "$@" 2> "$errors"',
      "bash",
      errorsFile,
      ...program,
      ...ARGUMENTS[work],
      ...pidArguments,
      path,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr).trim();
  const [seconds, user, system] = (said.split("\n").at(-1) ?? "").split(" ").map(Number);
  if (code !== 0 || seconds === undefined || !(user! >= 0) || !(system! >= 0)) {
    const errors = await Deno.readTextFile(errorsFile);
    throw new Error(`${contender} ${work}: expected it to end well, got ${code}: ${errors}`);
  }
  const cpuSeconds = user! + system!;
  if (work !== "lock") return { seconds, cpuSeconds };
  const pid = Number(await Deno.readTextFile(pidFile));
  const held = cpuSecondsOf(pid);
  // With a pid file vmtouch 1.3.1 takes SIGTERM as the order to remove that, and goes on.
  Deno.kill(pid, contender === "vmtouch" ? "SIGKILL" : "SIGTERM");
  // What is locked would count as warm, and cannot be evicted.
  await hasEnded(pid);
  return { seconds, cpuSeconds: cpuSeconds + held };
}

function cpuSecondsOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function hasEnded(pid: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 20) {
    try {
      if (/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`process ${pid}: expected it to end within 30 s`);
}
