/** Starts hosts of a test swarm as processes and waits for what they report. */

import type { Locality } from "../../../base/locality.ts";
import type { EngineName, ResumeMode, TransferProgress } from "../../../torrent/mod.ts";

/** What a peer process is told. */
export interface PeerOrders {
  readonly engine: EngineName;
  readonly kind: "fetch" | "seed";
  readonly torrentPath: string;
  readonly root: string;
  readonly locality: Locality;
  readonly resume?: ResumeMode;
  /** Do not compare the files' SHA-256 in the end. Default: compare. */
  readonly skipVerification?: boolean;
  /** Stands still for so long after every piece, so that there is a middle in which to be killed. */
  readonly pausePerPieceMs?: number;
}

/** What a peer process says. */
export type PeerReport =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "resumed"; readonly resumedBytes: number; readonly rehashedBytes: number }
  | { readonly type: "progress"; readonly verifiedBytes: number }
  | { readonly type: "done" | "ended"; readonly progress: TransferProgress }
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/** So long without the awaited report, a test gives up; far above what any of them needs. */
const PATIENCE_MS = 60_000;

/** A host of a test swarm. */
export class PeerProcess implements AsyncDisposable {
  readonly reports: PeerReport[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(orders: PeerOrders) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        new URL("./peer_process.ts", import.meta.url).pathname,
        JSON.stringify(orders),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** The first report that matches, now or later; rejects if the process fails, ends or takes too long. */
  async until<Report extends PeerReport>(
    matches: (report: PeerReport) => report is Report,
  ): Promise<Report> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let next = 0;;) {
      for (; next < this.reports.length; next++) {
        const report = this.reports[next];
        if (report === undefined) continue;
        if (matches(report)) return report;
        if (report.type === "failed") throw new Error(`peer failed: ${report.message}`);
      }
      if (this.#ended) throw new Error("peer ended before it reported");
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error("peer took too long");
      await this.#nextReport(leftMs);
    }
  }

  /** Waits for the end of the fetch. */
  async done(): Promise<TransferProgress> {
    const report = await this.until((one): one is PeerReport & { type: "done" } =>
      one.type === "done"
    );
    return report.progress;
  }

  /** The port that it listens on, once it is ready. */
  async port(): Promise<number> {
    const report = await this.until((one): one is PeerReport & { type: "listening" } =>
      one.type === "listening"
    );
    await this.done();
    return report.port;
  }

  /** The most memory that was resident at a time (VmHWM of proc(5)), while it runs. */
  mostResidentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    await this.#stdin.close().catch(() => {});
  }

  /** Lets it end in order and returns its last word. */
  async end(): Promise<TransferProgress> {
    await this.#stdin.close();
    const report = await this.until((one): one is PeerReport & { type: "ended" } =>
      one.type === "ended"
    );
    await this.#child.status;
    await this.#reading;
    return report.progress;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    try {
      await this.kill();
    } catch {
      // It has ended meanwhile.
    }
  }

  async #nextReport(leftMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, leftMs));
    await Promise.race([this.#wake.promise, timeout]);
    clearTimeout(timer);
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.reports.push(JSON.parse(line));
      this.#notify();
    }
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** A directory of its own for a test, removed in the end. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Bytes that no compression or repetition makes easy; the same for the same seed. */
export function sampleBytes(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[index] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, sizeBytes);
}
