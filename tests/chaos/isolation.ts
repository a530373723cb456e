/**
 * Runs a program in Linux namespaces of its own, so that whatever it starts ends with it: its processes, the network
 * namespaces and the mounts that it makes, and its folder, which is in memory. The kernel sees to that, also if the program
 * or whoever started it is killed.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { TextLineStream } from "../integration/cli/text_lines.ts";

/** The folder that belongs to the program alone. */
export const PRIVATE_FOLDER = "/run/chaos";

/** Mounts the folder, and runs the command as a child, so that process 1 is a shell, which reaps what others leave behind. */
const SCRIPT = `
  mount -t tmpfs tmpfs /run && mkdir -p /run/netns ${PRIVATE_FOLDER} || exit
  export TMPDIR=${PRIVATE_FOLDER}
  "$@"
  exit $?`;

function unshare(command: readonly string[]): string[] {
  return [
    ...Deno.uid() === 0 ? [] : ["--map-root-user"],
    ...["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
    ...["sh", "-c", SCRIPT, "sh", ...command],
  ];
}

/** Why nothing can be isolated on this machine; `null` if it can. */
export async function isolationProblem(): Promise<string | null> {
  const what = "network namespaces need root, or unprivileged user namespaces, and unshare(1), " +
    "nsenter(1) and ip(8)";
  try {
    const { success, stderr } = await new Deno.Command("unshare", {
      args: unshare(["sh", "-c", "ip netns add probe && nsenter --net=/run/netns/probe -- true"]),
      stdin: "null",
    }).output();
    if (success) return null;
    return `${what}: ${new TextDecoder().decode(stderr).trim().split("\n", 1)[0]}`;
  } catch (error) {
    return `${what}: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * Runs a module of this project inside, and hands on what it prints.
 *
 * @returns The exit status.
 */
export async function runIsolated(
  module: string,
  { args, signal, onLine }: {
    readonly args: readonly string[];
    /** Ends it at once. */
    readonly signal: AbortSignal;
    readonly onLine: (line: string) => void;
  },
): Promise<number> {
  const program = fileURLToPath(new URL(module, import.meta.url));
  const child = new Deno.Command("unshare", {
    args: unshare([Deno.execPath(), "run", "-A", program, ...args]),
    // The program ends when its input does, should this process be killed.
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    // No traffic between the namespaces may go through a proxy of the machine.
    env: { NO_COLOR: "1", http_proxy: "", https_proxy: "", all_proxy: "", no_proxy: "*" },
  }).spawn();
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) onLine(line);
  const { code } = await child.status;
  signal.removeEventListener("abort", end);
  await child.stdin.close().catch(() => {});
  return code;
}
