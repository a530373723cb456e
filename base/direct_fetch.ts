/**
 * HTTP requests that go straight to the server, whatever proxy the environment names. Trackers, feeds and agents are machines
 * of the same network: a proxy would seldom reach them, and a tracker would take the proxy for the host that announces.
 *
 * @module
 */

/** The variables by which the runtime's `fetch` finds a proxy, loopback and private addresses included. */
const PROXY_VARIABLES = [
  "http_proxy",
  "HTTP_PROXY",
  "https_proxy",
  "HTTPS_PROXY",
  "all_proxy",
  "ALL_PROXY",
] as const;

let directClient: Deno.HttpClient | undefined;

/**
 * As `fetch`, without a proxy.
 *
 * @throws {TypeError} that says in its message why there is no answer, and that a proxy which is set was not asked; when the
 *   signal is aborted, its reason.
 */
export async function fetchDirectly(url: string | URL, init: RequestInit): Promise<Response> {
  const variable = PROXY_VARIABLES.find((name) => (Deno.env.get(name) ?? "") !== "");
  try {
    if (variable === undefined) return await fetch(url, init);
    return await fetch(url, { ...init, client: directClient ??= createDirectClient() });
  } catch (error) {
    // Ended by the caller, or by its deadline.
    if (init.signal?.aborted || !(error instanceof TypeError)) throw error;
    const hint = variable === undefined ? "" : ` (asked directly, and not by ${variable})`;
    throw new TypeError(`${whyNoAnswer(error)}${hint}`);
  }
}

/** The system's reason, which the runtime has in the cause of an error that says no more than that it has failed. */
function whyNoAnswer(error: TypeError): string {
  if (!(error.cause instanceof Error)) return error.message;
  return error.cause.message.replace(/^error sending request for url \(.*?\): /, "")
    .replace(/^client error \(\w+\): /, "");
}

/** A client keeps the proxies that were in the environment when it was made, so it is made while there are none. */
function createDirectClient(): Deno.HttpClient {
  const values = PROXY_VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const name of PROXY_VARIABLES) Deno.env.delete(name);
    return Deno.createHttpClient({});
  } finally {
    // The services and hooks that an agent starts inherit them.
    for (const [name, value] of values) if (value !== undefined) Deno.env.set(name, value);
  }
}
