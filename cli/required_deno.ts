/**
 * Which Deno the program needs. It imports nothing, because it is looked at before anything else is loaded, by the pin
 * keeper too.
 *
 * @module
 */

/**
 * The least version. Older ones start the program and then fail in the middle of things: with 2.6 an agent's HTTP health
 * checks never end, and a compiled program could not start its own pin keepers before 2.8.
 */
export const REQUIRED_DENO = "2.9";

/** What is wrong with a version of Deno, as one line for the user, or `null`. A binary brings its own Deno. */
export function denoProblem(
  version: string,
  { isBinary = false }: { readonly isBinary?: boolean } = {},
): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = REQUIRED_DENO.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null;
  const advice = isBinary
    ? "Make the binary again with a newer one"
    : "Install a newer one: deno upgrade, or npm install --global deno";
  return `rollcall: expected Deno ${REQUIRED_DENO} or later, was ${version}. ${advice}`;
}
