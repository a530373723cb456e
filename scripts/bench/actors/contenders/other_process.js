/**
 * Another process of a contender.
 *
 * @module
 */

/** Starts it, and returns the first line that it says. It ends with this one, whose end closes its standard input. */
export async function startOther(file, args = []) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", ...args, new URL(file, import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error(`start ${file}: expected a line, it ended`);
}
