/**
 * Shows the progress of the demo: on a terminal as a frame that is redrawn in place, elsewhere as a line for each event.
 *
 * @module
 */

import process from "node:process";
import { createLogUpdate } from "log-update";
import pico from "picocolors";
import type { Colors } from "picocolors/types";
import { formatTimeSpan } from "../../cli/shared/format.ts";
import { terminalText } from "../../cli/shared/terminal_text.ts";
import { listEvents } from "./events.ts";
import type { DemoHost } from "./fleet_layout.ts";
import { renderFrame } from "./frame.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import { type Step, type StepLabel, targetOf } from "./steps.ts";

/** Time between two frames: the eye needs no more, and drawing takes time from the processors that the fleet runs on. */
const REDRAW_MS = 150;

/** Shows the demo on one output stream. */
export class Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #hosts: readonly DemoHost[];
  readonly #live: ReturnType<typeof createLogUpdate> | null;
  readonly #steps: Step[] = [];
  #timer: ReturnType<typeof setInterval> | null = null;
  #snapshot: FleetSnapshot | null = null;
  #releaseBytes = 0;

  /** Colours, or functions that leave text as it is where the output is no terminal or `NO_COLOR` is set. */
  readonly colors: Colors;

  /** Shows on stdout, or on stderr where stdout is for the result alone. */
  constructor(hosts: readonly DemoHost[], { toStderr }: { readonly toStderr: boolean }) {
    this.#hosts = hosts;
    this.#stream = toStderr ? process.stderr : process.stdout;
    // The reader of the output may have gone; the demo then ends as usual and cleans up.
    this.#stream.on("error", () => {});
    const isTerminal = this.#stream.isTTY === true && Deno.env.get("TERM") !== "dumb";
    this.colors = pico.createColors(isTerminal && !Deno.env.get("NO_COLOR"));
    this.#live = isTerminal ? createLogUpdate(this.#stream) : null;
    if (this.#live !== null) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  /** The steps so far, the current one included. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Sets the size of a release, which the head of the frame shows. */
  set releaseBytes(sizeBytes: number) {
    this.#releaseBytes = sizeBytes;
  }

  /** Runs a step and shows it meanwhile. A step that fails keeps no end. */
  async step<T>(label: StepLabel, work: () => Promise<T>): Promise<T> {
    const beganMs = performance.now();
    this.#steps.push({ label, beganMs, endedMs: null });
    this.#line(`${label} …`);
    this.#draw();
    const result = await work();
    const endedMs = performance.now();
    this.#steps[this.#steps.length - 1] = { label, beganMs, endedMs };
    this.#line(`${label}: done in ${formatTimeSpan(endedMs - beganMs)}`);
    return result;
  }

  /** Shows a new snapshot of the fleet. */
  accept(snapshot: FleetSnapshot): void {
    if (this.#live === null) {
      const target = targetOf(this.#steps.at(-1)?.label);
      for (const event of listEvents(this.#snapshot, snapshot, target)) this.#line(`  ${event}`);
    }
    this.#snapshot = snapshot;
  }

  /** Writes a line that stays. */
  say(text: string): void {
    if (this.#live === null) this.#line(text);
    else this.#live.persist(terminalText(` ${text}`));
  }

  /** Ends the display, shows the cursor, and leaves the last frame on the terminal, or only its head. */
  close({ showsHosts }: { readonly showsHosts: boolean }): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#draw({ showsHosts });
    this.#live?.done();
  }

  /** Writes text to the stream; only after {@link Display.close}. */
  write(text: string): void {
    this.#stream.write(terminalText(text));
  }

  #draw({ showsHosts } = { showsHosts: true }): void {
    if (this.#live === null) return;
    this.#live(terminalText(renderFrame(
      {
        hosts: this.#hosts,
        releaseBytes: this.#releaseBytes,
        steps: this.#steps,
        snapshot: this.#snapshot,
        nowMs: performance.now(),
        showsHosts,
      },
      this.colors,
      { columns: this.#stream.columns ?? 80, rows: this.#stream.rows ?? 24 },
    )));
  }

  #line(text: string): void {
    if (this.#live !== null) return;
    const spentMs = performance.now() - (this.#steps[0]?.beganMs ?? performance.now());
    this.write(`${(spentMs / 1000).toFixed(1).padStart(6)}  ${text}\n`);
  }
}
