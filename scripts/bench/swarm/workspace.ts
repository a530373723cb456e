/**
 * What a run leaves on the machine while it lasts, and how it goes away whatever happens: at the end, at Ctrl-C, and, after
 * a crash, at the beginning of the next run.
 */

/** Marks what is ours, together with the process that made it: `rcb4711-…`. */
export const PREFIX = `rcb${Deno.pid}-`;

const NAME = /^rcb(\d+)-/;
/** Memory in place of a disk, if there is room: the benchmark is one of networks. */
const MEMORY_FOLDER = "/dev/shm";

/** Whether that name belongs to a run whose process is gone. */
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

/** Has that done at Ctrl-C. Returns what takes it back. */
export function undoAtSignal(undo: () => Promise<void>): () => void {
  undoings.add(undo);
  return () => undoings.delete(undo);
}

let isStopping = false;

/** Runs the work; what fails because a signal has taken its ground away is not worth a word, the process is ending. */
export async function unlessStopping<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isStopping) await new Promise(() => {});
    throw error;
  }
}

/** Undoes everything at SIGINT or SIGTERM and ends the process then, with the status that a shell expects. */
export function listenForSignals(): void {
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    Deno.addSignalListener(signal, async () => {
      isStopping = true;
      // The last made goes first; what cannot be undone must not keep the rest.
      for (const undo of [...undoings].reverse()) await undo().catch(() => {});
      Deno.exit(status);
    });
  }
}

/** A folder for the files of this run; those of runs that crashed are removed. */
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
