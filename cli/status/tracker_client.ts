/**
 * Asks a tracker for its report of one release, over HTTP. Neither the tracker nor the names of its peers are trusted: an
 * answer is bounded in time and size, checked against a schema, and stripped of what could control a terminal.
 *
 * @module
 */

import { z } from "zod";
import type { SwarmReport } from "../../tracker/stats/swarm_report.ts";
import { AnswerError, fetchBounded, parseJson } from "../shared/bounded_fetch.ts";
import { describeError } from "../shared/errors.ts";
import { plainText } from "../shared/terminal_text.ts";

/** How long a tracker may take: a tracker that works answers in milliseconds, and an operator does not wait longer. */
export const TRACKER_ANSWER_TIMEOUT_MS = 2_000;

/** The largest answer that is read. A report of 20,000 hosts in 2,000 racks takes half a megabyte. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The longest name or reason; longer ones are cut, so that no peer can make the report unreadable. */
const MAX_TEXT_LENGTH = 200;

const text = z.string().transform(printable);
const count = z.int().min(0);
// Sums of what peers report. A float beyond the safe integers comes from a lying peer, and is no reason to show nothing.
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
const border = z.object({ bytes, leastBytes: bytes, ratio: z.number().min(0).optional() })
  // JSON leaves out what is undefined.
  .transform(({ ratio, ...border }) => ({ ...border, ratio }));

/** The fields of a tracker's `SwarmReport` that are used; `tracker/stats/swarm_report.ts` says what each of them means. */
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

/** How a release spreads, as a tracker reports: the fields of its report that are used. */
export type ReleaseReport =
  & Pick<SwarmReport, Exclude<keyof z.infer<typeof reportSchema>, "slow">>
  & Readonly<Pick<z.infer<typeof reportSchema>, "slow">>;

const unknownSchema = z.object({ infoHash: z.string(), problem: z.string() });

/** A tracker's answer: a report, or why there is none. */
export type TrackerAnswer =
  | { readonly ok: true; readonly tracker: string; readonly report: ReleaseReport }
  /** `problem` is for an operator, and begins with the tracker's address. */
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

async function fetchReport(
  url: URL,
  { infoHash, signal }: { readonly infoHash: string; readonly signal: AbortSignal },
): Promise<ReleaseReport> {
  const { status, text } = await fetchBounded(url, {
    expected: "a tracker of Rollcall",
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs: TRACKER_ANSWER_TIMEOUT_MS,
    signal,
  });
  const value = parseJson(text);
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

/** The URL of the report, `stats/INFO_HASH.json` beside the announce URL; `null` where the tracker cannot be asked over HTTP. */
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
    return `does not answer within ${TRACKER_ANSWER_TIMEOUT_MS / 1_000} s`;
  }
  // Removes the prefix with which Deno repeats the address and the kind of failure.
  const detail = describeError(cause).replace(
    /^.*error sending request for url \([^)]*\): (?:client error \(Connect\): )?/i,
    "",
  );
  return `cannot be reached: ${detail}`;
}

/** Without what moves a cursor, hides text or turns its direction. */
function printable(source: string): string {
  return plainText(source).replaceAll(/[\n\t]/g, "").slice(0, MAX_TEXT_LENGTH);
}
