/**
 * Many commands of ip(8) or tc(8) in one process: a network of a hundred namespaces is there in a second.
 *
 * @module
 */

/**
 * Runs commands, in a network namespace if one is named.
 *
 * @throws {Error} with what the program says.
 */
export async function batch(
  lines: readonly string[],
  namespace?: string,
  program: "ip" | "tc" = "ip",
): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  const child = new Deno.Command(program, {
    args: [...where, "-batch", "-"],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw networkFailure([program, ...where], stderr);
}

/** The error of a command that has failed, by what it has said. */
export function networkFailure(command: readonly string[], stderr: Uint8Array): Error {
  const said = new TextDecoder().decode(stderr).trim();
  return new Error(`${command.join(" ")}: ${said}; this needs root and Linux's ip and tc`);
}
