/**
 * Fetches a release by commands that all inherit this process' environment, proxies included, and asks somebody who does not
 * answer. Prints what came of it as one line of JSON.
 */

import { fetchJson, MIB, setUp } from "./fetch/published_release.ts";
import { rollcall } from "./rollcall_process.ts";

/** What it says. */
export interface ProxyReport {
  /** How often a release arrived whole. */
  readonly verified: number;
  /** What `fetch` says of a feed that nobody serves. */
  readonly unreachable: string;
}

/** A port on which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

if (import.meta.main) {
  await using test = await setUp(MIB);
  const { folder, publisher, torrentUrl } = test;
  let verified = 0;
  for (const [at, source] of [publisher.feedUrl, torrentUrl].entries()) {
    const fetched = await fetchJson(source, "--to", `${folder}/copy-${at}`, "--no-reuse");
    if (fetched.verified) verified++;
  }
  const nobody = `http://127.0.0.1:${closedPort()}/feed.json`;
  const { stderr: unreachable } = await rollcall("fetch", nobody, "--to", `${folder}/none`);
  const report: ProxyReport = { verified, unreachable };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
}
