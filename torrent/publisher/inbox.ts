/**
 * How a second `publish` hands its release to the process that serves the feed: by files in the feed's directory. The
 * .torrent is written last, so that the other files are there when it is seen; the answer is a file as well.
 *
 *     <feed>/roots/<infoHash>.json      where the content lies, for seeding
 *     <feed>/inbox/<infoHash>.torrent   to be added to the feed; gone once it is
 *     <feed>/inbox/<infoHash>.refused   why it was not
 *     <feed>/inbox/<infoHash>.withdrawn  to be taken out of the feed; gone once it is
 *
 * @module
 */

import { dirname, join } from "node:path";
import { z } from "zod";
import { readFile } from "../../base/bounded_read.ts";
import { MAX_METAINFO_BYTES } from "../release/mod.ts";
import { removeCopy } from "./content_copies.ts";
import { forgetPublishedFiles } from "./published_files.ts";

const rootSchema = z.object({ root: z.string() });

/** Files that are read at once; a build machine publishes a handful a day. */
const MAX_INBOX_FILES = 1_000;
/** The longest refusal or path in a file. */
const MAX_TEXT_BYTES = 64 * 1024;

/** The files by which releases are handed over to one feed. */
export class Inbox {
  readonly #rootsDir: string;
  readonly #inboxDir: string;

  /** @param feedDir The feed's directory. */
  constructor(feedDir: string) {
    this.#rootsDir = join(feedDir, "roots");
    this.#inboxDir = join(feedDir, "inbox");
  }

  /** Makes the folders, if they are missing. */
  async open(): Promise<void> {
    await Deno.mkdir(this.#rootsDir, { recursive: true });
    await Deno.mkdir(this.#inboxDir, { recursive: true });
  }

  /** Asks for a release to be added to the feed. */
  async submit(release: { infoHash: string; metainfo: Uint8Array; root: string }): Promise<void> {
    const { infoHash, metainfo, root } = release;
    await Deno.remove(this.#refusal(infoHash)).catch(ignoreMissing);
    await replace(
      join(this.#rootsDir, `${infoHash}.json`),
      new TextEncoder().encode(JSON.stringify({ root })),
    );
    await replace(this.#torrent(infoHash), metainfo);
  }

  /** What became of a release: still waiting, taken into the feed, or refused with these words. */
  async outcome(infoHash: string): Promise<"waiting" | "taken" | { refused: string }> {
    // In this order, since a refusal is written before the .torrent is removed: once the .torrent is gone, the refusal is
    // there or never will be.
    const waiting = await Deno.stat(this.#torrent(infoHash)).catch(nullIfMissing);
    if (waiting !== null) return "waiting";
    const refused = await readText(this.#refusal(infoHash)).catch(nullIfMissing);
    if (refused === null) return "taken";
    await Deno.remove(this.#refusal(infoHash)).catch(ignoreMissing);
    return { refused };
  }

  /** The releases that wait. */
  async waiting(): Promise<{ infoHash: string; metainfo: Uint8Array }[]> {
    const found: { infoHash: string; metainfo: Uint8Array }[] = [];
    for await (const entry of Deno.readDir(this.#inboxDir)) {
      const infoHash = /^([0-9a-f]{40})\.torrent$/.exec(entry.name)?.[1];
      if (infoHash === undefined) continue;
      const metainfo = await readFile(this.#torrent(infoHash), MAX_METAINFO_BYTES).catch(
        nullIfMissing,
      );
      if (metainfo !== null) found.push({ infoHash, metainfo });
      if (found.length >= MAX_INBOX_FILES) break;
    }
    return found;
  }

  /** Asks for a release to be taken out of the feed. */
  async withdraw(infoHash: string): Promise<void> {
    await replace(this.#withdrawal(infoHash), new Uint8Array());
  }

  /** Whether a release is still to be taken out. */
  async isWithdrawing(infoHash: string): Promise<boolean> {
    return await Deno.stat(this.#withdrawal(infoHash)).catch(nullIfMissing) !== null;
  }

  /** The releases that are to be taken out. */
  async withdrawals(): Promise<string[]> {
    const found: string[] = [];
    for await (const entry of Deno.readDir(this.#inboxDir)) {
      const infoHash = /^([0-9a-f]{40})\.withdrawn$/.exec(entry.name)?.[1];
      if (infoHash !== undefined) found.push(infoHash);
      if (found.length >= MAX_INBOX_FILES) break;
    }
    return found;
  }

  /** Notes that a release was taken out, and forgets where its content lies. */
  async settleWithdrawal(infoHash: string): Promise<void> {
    await Deno.remove(join(this.#rootsDir, `${infoHash}.json`)).catch(ignoreMissing);
    await forgetPublishedFiles(dirname(this.#rootsDir), infoHash);
    await removeCopy(dirname(this.#rootsDir), infoHash);
    await Deno.remove(this.#withdrawal(infoHash)).catch(ignoreMissing);
  }

  /** Takes a release out of the inbox; with words, it was refused. */
  async settle(infoHash: string, refused: string | null): Promise<void> {
    if (refused !== null) await replace(this.#refusal(infoHash), new TextEncoder().encode(refused));
    await Deno.remove(this.#torrent(infoHash)).catch(ignoreMissing);
  }

  /** Where the content of a release lies; `null` when that is not known. */
  async rootOf(infoHash: string): Promise<string | null> {
    const text = await readText(join(this.#rootsDir, `${infoHash}.json`)).catch(nullIfMissing);
    if (text === null) return null;
    const parsed = rootSchema.safeParse(parseJson(text));
    return parsed.success ? parsed.data.root : null;
  }

  #torrent(infoHash: string): string {
    return join(this.#inboxDir, `${infoHash}.torrent`);
  }

  #withdrawal(infoHash: string): string {
    return join(this.#inboxDir, `${infoHash}.withdrawn`);
  }

  #refusal(infoHash: string): string {
    return join(this.#inboxDir, `${infoHash}.refused`);
  }
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFile(path, MAX_TEXT_BYTES));
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.new`, bytes);
  await Deno.rename(`${path}.new`, path);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function nullIfMissing(error: unknown): null {
  ignoreMissing(error);
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
