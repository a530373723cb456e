/**
 * A tracker's report of one release, asked for over HTTP. Neither the tracker nor what its peers call themselves is
 * trusted: bounded in time and size, checked, and without anything that could steer a terminal.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { describeError } from "../shared/errors.ts";

/** An operator at a terminal waits no longer; a tracker that works answers in milliseconds. */
export const ANSWER_TIMEOUT_MS = 2_000;

/** A report of 20,000 hosts in 2,000 racks takes half a megabyte. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Of a name or a reason; longer ones are cut, so that no peer can spoil the report of all. */
const MAX_TEXT_LENGTH = 200;

const text = z.string().transform(printable);
const count = z.int().min(0);
// Sums of what peers say: a float beyond the safe integers is a lie of one of them, and no reason to show nothing.
const bytes = z.number().min(0);
const share = z.number().min(0).max(1);

const place = z.object({
  name: text,
  peers: count,
  copies: count,
  progress: share,
  gateways: z.array(text),
  receivedBytes: bytes,
  leastBytes: bytes,
});
const border = z.object({ bytes, leastBytes: bytes, ratio: z.number().min(0).optional() });

/** What is read of a tracker's `SwarmReport`, which says what each field means; the rest is left alone. */
const reportSchema = z.object({
  infoHash: z.string(),
  seeds: count,
  leechers: count,
  progress: share,
  hasTraffic: z.boolean(),
  acrossSites: border,
  acrossRacks: border,
  sites: z.array(place.extend({ racks: z.array(place) })),
  strangers: count,
  gateways: z.array(text),
  replacedGateways: count,
  slow: z.array(z.object({
    host: text.optional(),
    address: text,
    site: text.optional(),
    rack: text.optional(),
    leftBytes: bytes.optional(),
    bytesPerSecond: z.number().min(0),
    why: text,
  })),
});

/** How a release spreads, by a tracker's word. */
export type ReleaseReport = z.infer<typeof reportSchema>;
/** A site with its racks. */
export type SiteReport = ReleaseReport["sites"][number];
/** A site or a rack. */
export type PlaceReport = z.infer<typeof place>;
/** Bytes across all borders of one kind. */
export type BorderReport = z.infer<typeof border>;

const unknownSchema = z.object({ infoHash: z.string(), problem: z.string() });

/** What asking a tracker came to. */
export type TrackerAnswer =
  | { readonly ok: true; readonly tracker: string; readonly report: ReleaseReport }
  /** In words for an operator, the tracker's address first. */
  | { readonly ok: false; readonly problem: string };

/**
 * Asks the tracker behind an announce URL for its report of a release. Never rejects.
 *
 * @param announceUrl `http`, `https`, or `udp` (Rollcall's trackers answer HTTP on the same port).
 */
export async function askTracker(
  announceUrl: string,
  infoHash: string,
  signal: AbortSignal,
): Promise<TrackerAnswer> {
  const url = reportUrl(announceUrl, infoHash);
  if (url === null) {
    return {
      ok: false,
      problem: `${printable(announceUrl)} cannot be asked: expected http or udp`,
    };
  }
  const tracker = `${url.protocol}//${url.host}`;
  try {
    const report = await fetchReport(url, { infoHash, signal });
    return { ok: true, tracker, report };
  } catch (cause) {
    return { ok: false, problem: `${tracker} ${printable(describe(cause))}` };
  }
}

/** A tracker that has no report to give; the message goes on after its address. */
class AnswerError extends Error {
  override readonly name = "AnswerError";
}

async function fetchReport(
  url: URL,
  { infoHash, signal }: { readonly infoHash: string; readonly signal: AbortSignal },
): Promise<ReleaseReport> {
  const response = await fetch(url, {
    // A tracker that sends elsewhere is none of ours.
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  const { status } = response;
  if (status !== 200 && status !== 404) {
    await response.body?.cancel();
    throw new AnswerError(`answers with status ${status}: is it a tracker of Rollcall?`);
  }
  const value = parseJson(await readBounded(response));
  if (status === 404) {
    throw new AnswerError(
      unknownSchema.safeParse(value).data?.infoHash === infoHash
        ? "knows no peer of it"
        : "has no reports of single releases: it is older than this rollcall, or not Rollcall's",
    );
  }
  const parsed = reportSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
    throw new AnswerError(`answers with something else than a report${where}`);
  }
  if (parsed.data.infoHash !== infoHash) {
    throw new AnswerError("answers with the report of another release");
  }
  return parsed.data;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES) {
      throw new AnswerError(`answers with more than ${MAX_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `undefined` for what is none. */
function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

/** `/stats/INFO_HASH.json` beside the announce URL. */
function reportUrl(announceUrl: string, infoHash: string): URL | null {
  if (!URL.canParse(announceUrl)) return null;
  const { protocol, host, href } = new URL(announceUrl);
  const path = `stats/${infoHash}.json`;
  if (protocol === "udp:") return URL.parse(`http://${host}/${path}`);
  return protocol === "http:" || protocol === "https:" ? URL.parse(path, href) : null;
}

function describe(cause: unknown): string {
  if (cause instanceof AnswerError) return cause.message;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return `does not answer within ${ANSWER_TIMEOUT_MS / 1_000} s`;
  }
  // What Deno says before it repeats the address, and the kind of failure.
  const detail = describeError(cause).replace(
    /^.*error sending request for url \([^)]*\): (?:client error \(Connect\): )?/i,
    "",
  );
  return `cannot be reached: ${detail}`;
}

/** Without what moves a cursor, hides text or turns its direction. */
function printable(source: string): string {
  return stripVTControlCharacters(source)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "")
    .slice(0, MAX_TEXT_LENGTH);
}
