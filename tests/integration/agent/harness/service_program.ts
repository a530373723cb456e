/**
 * The service that the agents of these tests run: an HTTP server whose behaviour is steered by a file in its blob, and by
 * files in a switches folder that a test makes and removes. A program of its own: it imports nothing.
 *
 * @module
 */

/** What a version does; the file `behaviour.json` of its blob. */
export type Behaviour =
  | { readonly kind: "healthy" }
  /** Answers that it is unhealthy; with `unless`, until a switch of that name is on. */
  | { readonly kind: "unwell"; readonly unless?: string }
  /** Healthy at first, ends after that time; with `hosts`, only on these. */
  | { readonly kind: "crashes"; readonly afterMs: number; readonly hosts?: readonly string[] }
  /** Healthy only after that time. */
  | { readonly kind: "slow"; readonly afterMs: number };

/** What the service answers at `/version`. */
export interface ServiceAnswer {
  readonly version: string;
  readonly pid: number;
}

/** The switch of a version that ignores SIGTERM as long as it is on. */
export function stubbornSwitch(version: string): string {
  return `stubborn-${version}`;
}

function serve([blob = "", version = "", port = "", host = "", switches = ""]: readonly string[]) {
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
    switch (behaviour.kind) {
      case "healthy":
      case "crashes":
        return true;
      case "unwell":
        return behaviour.unless !== undefined && isOn(behaviour.unless);
      case "slow":
        return performance.now() - startedMs >= behaviour.afterMs;
    }
  };
  if (behaviour.kind === "crashes" && (behaviour.hosts ?? [host]).includes(host)) {
    setTimeout(() => Deno.exit(3), behaviour.afterMs);
  }
  Deno.addSignalListener("SIGTERM", () => {
    setInterval(() => {
      if (!isOn(stubbornSwitch(version))) Deno.exit(0);
    }, 20);
  });
  Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/version") return Response.json({ version, pid: Deno.pid });
    return isWell() ? new Response("ok\n") : new Response("not well\n", { status: 503 });
  });
}

if (import.meta.main) serve(Deno.args);
