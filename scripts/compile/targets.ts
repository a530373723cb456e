/**
 * The machines that a binary can be made for.
 *
 * @module
 */

/** One kind of machine. */
export interface Target {
  /** Its name on our command line, which is Node's. */
  readonly name: "x64" | "arm64";
  /** Its name at Deno. */
  readonly triple: string;
  /** `e_machine` of its programs, elf(5). */
  readonly elfMachine: number;
}

/** All of them; glibc, as Deno itself. */
export const TARGETS: readonly Target[] = [
  {
    name: "x64",
    triple: "x86_64-unknown-linux-gnu",
    elfMachine: 62,
  },
  {
    name: "arm64",
    triple: "aarch64-unknown-linux-gnu",
    elfMachine: 183,
  },
];

/** The target of that name, ours or Deno's. */
export function findTarget(name: string): Target | undefined {
  return TARGETS.find((target) => target.name === name || target.triple === name);
}

/** The target that this machine is, if it is one. */
export function ownTarget(): Target | undefined {
  return findTarget(Deno.build.target);
}
