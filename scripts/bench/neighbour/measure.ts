/** One measurement: a service in a memory cgroup, at rest and while the next blob arrives in one way. */

import { fileURLToPath } from "node:url";
import { dropFromPageCache } from "../../../ffi/mod.ts";
import { awaitPinned, releasePin, startPin } from "../../../host/mod.ts";
import { withMemoryCgroup } from "../../../tests/integration/memory_cgroup.ts";
import { readLines } from "../read_lines.ts";
import type { Source, Way } from "./arrivals.ts";
import type { Window } from "./service.ts";

const SERVICE = fileURLToPath(new URL("./service.ts", import.meta.url));
const KEEPER = fileURLToPath(new URL("../../../host/pinning/keeper_main.ts", import.meta.url));

/** What one measurement is made with. */
export interface Setting {
  /** A folder for all that it makes. */
  readonly folder: string;
  /** The folder whose file `blob` the service reads. */
  readonly runningFolder: string;
  readonly source: Source;
  /** The limit of the cgroup that the service, its keeper and what fetches share. */
  readonly limitBytes: number;
  /** How long the service is measured at rest. */
  readonly idleMs: number;
}

/** What came out. */
export interface Outcome {
  readonly idle: Window;
  readonly during: Window;
  /** How long the blob took to arrive. */
  readonly seconds: number;
}

/** Measures one way. */
export async function measure(way: Way, setting: Setting): Promise<Outcome> {
  const { folder, runningFolder, source, limitBytes, idleMs } = setting;
  const blob = `${runningFolder}/blob`;
  // Its pages are charged to whoever reads them first.
  await dropFromPageCache(blob);
  const incoming = `${folder}/incoming`;
  let outcome: Outcome | undefined;
  await withMemoryCgroup(limitBytes, async ({ wrapper }) => {
    const run = (words: readonly string[], stdin: "piped" | "null") => {
      const [program = "", ...args] = [...wrapper, ...words];
      const stdout = stdin === "piped" ? "piped" : "null";
      return new Deno.Command(program, { args, stdin, stdout, stderr: "inherit" }).spawn();
    };
    const deno = [Deno.execPath(), "run", "-A", "--quiet"];
    const service = run([...deno, SERVICE, blob], "piped");
    const statusPath = `${folder}/pin.json`;
    try {
      const lines = readLines(service.stdout);
      const told = service.stdin.getWriter();
      const say = (text: string) => told.write(new TextEncoder().encode(`${text}\n`));
      const heard = async () => {
        const { value } = await lines.next();
        if (value === undefined) throw new Error("the service has ended");
        return value;
      };
      await heard();
      if (way === "fetch, pinned") {
        const command = [...wrapper, ...deno, KEEPER];
        const limits = { limitBytes: Infinity, marginBytes: 0 };
        await awaitPinned(await startPin({ command, root: runningFolder, statusPath, ...limits }));
      }
      await say("begin idle");
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      await say("end");
      const idle: Window = JSON.parse(await heard());
      await say("begin during");
      const beganMs = performance.now();
      const { success } = await run(source.command(way, incoming), "null").status;
      const seconds = (performance.now() - beganMs) / 1000;
      if (!success) throw new Error(`${way}: expected it to bring the blob, it has failed`);
      await say("end");
      outcome = { idle, during: JSON.parse(await heard()), seconds };
      await told.close();
      await lines.return(undefined);
    } finally {
      await releasePin(statusPath);
      try {
        service.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await service.status;
      await Deno.remove(incoming, { recursive: true }).catch(() => {});
    }
  });
  return outcome!;
}
