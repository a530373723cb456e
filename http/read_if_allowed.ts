/** Reads small files of the system that help where they can be read, and without a question to the user. */

/** The text of a file; undefined where it is missing or may not be read. */
export function readIfAllowed(path: string): string | undefined {
  try {
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
    return Deno.readTextFileSync(path);
  } catch {
    // Not every machine has it, and files of /proc need more than the permission to read.
    return undefined;
  }
}
