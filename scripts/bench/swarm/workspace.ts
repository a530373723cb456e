/**
 * Cleans up what a run has created on the machine: at its end, at Ctrl-C, and, after a crash, at the beginning of the next
 * run.
 */

/** The prefix of all names that this run creates, with its process id: `rcb4711-…`. */
export const PREFIX = `rcb${Deno.pid}-`;

const NAME = /^rcb(\d+)-/;
/** A folder in memory, which is used if it has room, since the benchmark measures networks and not disks. */
const MEMORY_FOLDER = "/dev/shm";

/** Whether that name was created by a run whose process has ended. */
export function isLeftover(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    Deno.statSync(`/proc/${pid}`);
    return false;
  } catch {
    return true;
  }
}

const undoings = new Set<() => Promise<void>>();

/** Registers what is undone at a signal. Returns a function that removes the registration. */
export function undoAtSignal(undo: () => Promise<void>): () => void {
  undoings.add(undo);
  return () => undoings.delete(undo);
}

let isStopping = false;

/** Runs the work. Errors that occur after a signal are dropped, since they come from the clean-up and the process is ending. */
export async function unlessStopping<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isStopping) await new Promise(() => {});
    throw error;
  }
}

/** At SIGINT or SIGTERM undoes everything that was registered, and ends the process with the status that a shell expects. */
export function listenForSignals(): void {
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    Deno.addSignalListener(signal, async () => {
      isStopping = true;
      // In reverse order; one that fails must not keep the others from being undone.
      for (const undo of [...undoings].reverse()) await undo().catch(() => {});
      Deno.exit(status);
    });
  }
}

/** Creates a folder for the files of this run, and removes those of runs that have crashed. */
export async function openFolder(neededBytes: number): Promise<{ path: string } & AsyncDisposable> {
  const base = await hasRoom(MEMORY_FOLDER, neededBytes)
    ? MEMORY_FOLDER
    : Deno.env.get("TMPDIR") ?? "/tmp";
  for await (const { name } of Deno.readDir(base)) {
    if (isLeftover(name)) await Deno.remove(`${base}/${name}`, { recursive: true });
  }
  const path = `${base}/${PREFIX}files`;
  await Deno.mkdir(path);
  const remove = () => Deno.remove(path, { recursive: true });
  const forget = undoAtSignal(remove);
  return {
    path,
    async [Symbol.asyncDispose]() {
      forget();
      await remove();
    },
  };
}

async function hasRoom(folder: string, neededBytes: number): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("df", {
      args: ["--output=avail", "--block-size=1", folder],
    }).output();
    return Number(new TextDecoder().decode(stdout).split("\n")[1]) > neededBytes;
  } catch {
    return false;
  }
}
