/**
 * The service that the agents of these tests run: an HTTP server whose behaviour is steered by a file in its blob, and by
 * files in a switches folder that a test makes and removes. A program of its own: it imports nothing.
 *
 * @module
 */

/** What a version does; the file `behaviour.json` of its blob. */
export type Behaviour =
  | { readonly kind: "healthy" }
  /** Answers that it is unhealthy; with `unless`, until a switch of that name is on; with `hosts`, only on these. */
  | { readonly kind: "unwell"; readonly unless?: string; readonly hosts?: readonly string[] }
  /** Healthy at first, ends after that time; with `hosts`, only on these. */
  | { readonly kind: "crashes"; readonly afterMs: number; readonly hosts?: readonly string[] }
  /** Healthy only after that time. */
  | { readonly kind: "slow"; readonly afterMs: number };

/** What the service answers at `/version`. */
export interface ServiceAnswer {
  readonly version: string;
  readonly pid: number;
}

/** The first line of what the service answers at `/life`, an answer that ends with its process. */
export interface ServiceLife extends ServiceAnswer {
  /** When it began to listen, milliseconds since 1970. */
  readonly sinceMs: number;
  /** SHA-256 of the file `data` of its blob, in hexadecimal. */
  readonly data: string;
}

/** The second line: it was told to end. */
export interface ServiceFarewell {
  /** When, milliseconds since 1970. */
  readonly stoppingMs: number;
}

/** The switch of a version that ignores SIGTERM as long as it is on. */
export function stubbornSwitch(version: string): string {
  return `stubborn-${version}`;
}

/** The switch of a host whose service is unhealthy as long as it is on, whatever its version. */
export function unwellSwitch(host: string): string {
  return `unwell-${host}`;
}

function serve(
  [blob = "", version = "", port = "", host = "", switches = "", hostname = "127.0.0.1"]:
    readonly string[],
) {
  const behaviour: Behaviour = JSON.parse(Deno.readTextFileSync(`${blob}/behaviour.json`));
  const startedMs = performance.now();
  const isOn = (name: string) => {
    try {
      return Deno.statSync(`${switches}/${name}`).isFile;
    } catch {
      return false;
    }
  };
  const isWell = () => {
    if (isOn(unwellSwitch(host))) return false;
    switch (behaviour.kind) {
      case "healthy":
      case "crashes":
        return true;
      case "unwell":
        if (behaviour.hosts?.includes(host) === false) return true;
        return behaviour.unless !== undefined && isOn(behaviour.unless);
      case "slow":
        return performance.now() - startedMs >= behaviour.afterMs;
    }
  };
  if (behaviour.kind === "crashes" && (behaviour.hosts ?? [host]).includes(host)) {
    setTimeout(() => Deno.exit(3), behaviour.afterMs);
  }
  const witnesses = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const tell = (witness: ReadableStreamDefaultController<Uint8Array>, line: unknown) =>
    witness.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  let sinceMs = 0;
  const life = async (): Promise<ServiceLife> => {
    const digest = await crypto.subtle.digest("SHA-256", Deno.readFileSync(`${blob}/data`));
    return { version, pid: Deno.pid, sinceMs, data: new Uint8Array(digest).toHex() };
  };
  Deno.addSignalListener("SIGTERM", () => {
    const farewell: ServiceFarewell = { stoppingMs: Date.now() };
    for (const witness of witnesses) tell(witness, farewell);
    setInterval(() => {
      if (!isOn(stubbornSwitch(version))) Deno.exit(0);
    }, 20);
  });
  const onListen = () => {
    sinceMs = Date.now();
  };
  Deno.serve({ hostname, port: Number(port), onListen }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/version") return Response.json({ version, pid: Deno.pid });
    if (pathname === "/life") {
      const first = await life();
      let witness: ReadableStreamDefaultController<Uint8Array>;
      return new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            witness = controller;
            witnesses.add(witness);
            tell(witness, first);
          },
          cancel() {
            witnesses.delete(witness);
          },
        }),
      );
    }
    if (isWell()) return new Response("ok\n");
    // deno-lint-ignore no-console -- what a service says is its log
    console.error(`${version} is not well`);
    return new Response("not well\n", { status: 503 });
  });
}

if (import.meta.main) serve(Deno.args);
