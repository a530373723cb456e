/**
 * The service that the demo's hosts run: a small HTTP server that answers from its blob. `A` depends on nothing. `B` asks the
 * `A` of its host, and is not healthy before that runs at least its own version, so that the order of an upgrade matters.
 *
 * @module
 */

import { listReleaseFiles, readRelease, sumSizeBytes, VERSION_FILE } from "./release_content.ts";

/** What the service says about itself at `/version`. */
export interface ServiceAnswer {
  readonly service: string;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** When this process began to listen, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** How long A may take to answer: on the same machine it answers at once or not at all. */
const ASK_TIMEOUT_MS = 1_000;
/** The most that /blob returns at a time; the demo asks for far less. */
const MAX_ANSWER_BYTES = 1024 * 1024;

interface ServiceArguments {
  readonly service: string;
  readonly version: string;
  readonly host: string;
  readonly blob: string;
  readonly port: number;
  /** Base URL of the service that this one depends on; empty if it depends on none. */
  readonly needs: string;
}

/** Starts the service. It throws when the blob is not that of the version, or the port is in use. */
function serve(args: ServiceArguments): Deno.HttpServer<Deno.NetAddr> {
  const { service, version, host, port, needs } = args;
  // Resolved once: the link `current` moves on while the old process still answers from the old blob.
  const folder = contentFolder(Deno.realPathSync(args.blob));
  const expected = `${service} ${version}`;
  const found = Deno.readTextFileSync(`${folder}/${VERSION_FILE}`).trim();
  if (found !== expected) {
    throw new Error(`${folder}/${VERSION_FILE}: expected "${expected}", was "${found}"`);
  }
  const files = listReleaseFiles(folder);
  const sizeBytes = sumSizeBytes(files);
  let sinceMs = 0;
  let hasWhatItNeeds = needs === "";

  return Deno.serve({
    hostname: "127.0.0.1",
    port,
    onListen: () => {
      sinceMs = Date.now();
    },
  }, async (request) => {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/version": {
        // Read from the blob for every answer, so that the answer shows what was fetched and not an argument.
        const [, versionOnDisk = ""] = Deno.readTextFileSync(`${folder}/${VERSION_FILE}`).trim()
          .split(" ");
        const answer: ServiceAnswer = {
          service,
          version: versionOnDisk,
          host,
          pid: Deno.pid,
          sinceMs,
        };
        return Response.json(answer);
      }
      case "/health":
        hasWhatItNeeds ||= await runsAtLeast(needs, version);
        return hasWhatItNeeds
          ? new Response("ok\n")
          : new Response(`needs ${version} at ${needs}\n`, { status: 503 });
      case "/blob": {
        const offset = Number(url.searchParams.get("offset") ?? 0);
        const length = Number(url.searchParams.get("length") ?? 4096);
        if (!isRange(offset, length)) {
          return new Response("expected offset and length\n", { status: 400 });
        }
        return new Response(readRelease(files, { offset, length }), {
          headers: { "x-blob-bytes": String(sizeBytes) },
        });
      }
      default:
        return new Response("try /health, /version, /blob?offset=0\n", { status: 404 });
    }
  });
}

/** The blob's folder, or the only folder in it that holds the version file. */
function contentFolder(blob: string): string {
  const folders = [blob];
  for (const entry of Deno.readDirSync(blob)) {
    if (entry.isDirectory) folders.push(`${blob}/${entry.name}`);
  }
  for (const folder of folders) {
    try {
      if (Deno.statSync(`${folder}/${VERSION_FILE}`).isFile) return folder;
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${blob}: expected the file ${VERSION_FILE}, there is none`);
}

async function runsAtLeast(url: string, version: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const answer: ServiceAnswer = await (await fetch(`${url}/version`, { signal })).json();
    return versionNumber(answer.version) >= versionNumber(version);
  } catch {
    // It is between two versions, or not there yet; the next health check asks again.
    return false;
  }
}

function versionNumber(version: string): number {
  return Number(version.replace(/^v/, ""));
}

function isRange(offset: number, length: number): boolean {
  return Number.isSafeInteger(offset) && offset >= 0 &&
    Number.isSafeInteger(length) && length >= 0 && length <= MAX_ANSWER_BYTES;
}

function readArguments(args: readonly string[]): ServiceArguments {
  const values = new Map(args.map((arg) => {
    const [, name = arg, value = ""] = /^--([a-z]+)=(.*)$/s.exec(arg) ?? [];
    return [name, value];
  }));
  const value = (name: string): string => {
    const text = values.get(name);
    if (text === undefined) throw new Error(`expected the argument --${name}=…`);
    return text;
  };
  return {
    service: value("service"),
    version: value("version"),
    host: value("host"),
    blob: value("blob"),
    port: Number(value("port")),
    needs: values.get("needs") ?? "",
  };
}

if (import.meta.main) {
  try {
    const server = serve(readArguments(Deno.args));
    const stop = () => {
      // A client that keeps its connection open must not delay the upgrade.
      setTimeout(() => Deno.exit(0), 1_000);
      server.shutdown().finally(() => Deno.exit(0));
    };
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGINT", stop);
  } catch (error) {
    const message = `demo service: ${error instanceof Error ? error.message : error}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(message));
    Deno.exit(1);
  }
}
