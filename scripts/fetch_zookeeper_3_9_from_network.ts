/**
 * `deno task setup:zookeeper_3_9`: a ZooKeeper server of 3.9 for the conformance suite, beside Debian's 3.8, whose libraries
 * and Java run it. Needs network: Maven fetches it from Maven Central.
 *
 * Without either it says so and ends well: then the tests say that they were not run against 3.9, and everything else is as
 * it was.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a script for people.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { reasonOf } from "../base/reason.ts";
import { findZooKeeper39, zooKeeper39Folder, zooKeeper39Jars } from "../tests/zookeeper_3_9.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A place that swallows what is sent to it must not hold up the tests. */
const FETCH_TIMEOUT_MS = 120_000;

if (import.meta.main) {
  try {
    console.error(await fetchZooKeeper39());
  } catch (error) {
    const why = reasonOf(error);
    console.error(`setup:zookeeper_3_9: the tests against ZooKeeper 3.9 will not be run: ${why}`);
  }
}

async function fetchZooKeeper39(): Promise<string> {
  if (await findZooKeeper39() !== null) return "ZooKeeper 3.9 is there.";
  // Debian's package for Maven is large, and whoever builds Java has it: only where there is none is it installed.
  if (!await runs("mvn", ["--version"])) {
    await runs("bash", [`${ROOT}scripts/install_debian_packages_as_root.sh`, "maven"]);
  }
  const folder = await Deno.makeTempDir({ prefix: "rollcall-zookeeper-3.9-" });
  try {
    await Deno.mkdir(zooKeeper39Folder, { recursive: true });
    for (const { artifact, file, sha256 } of zooKeeper39Jars) {
      const said = await run("mvn", [
        ...["--quiet", "--batch-mode", "dependency:copy"],
        ...[`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`],
      ]);
      const bytes = await Deno.readFile(`${folder}/${file}`).catch(() => null);
      if (bytes === null) throw new Error(`mvn dependency:copy ${artifact}: ${said}`);
      const found = createHash("sha256").update(bytes).digest("hex");
      // These files are run.
      if (found !== sha256) throw new Error(`${file}: expected SHA-256 ${sha256}, was ${found}`);
      await Deno.writeFile(`${zooKeeper39Folder}/${file}.new`, bytes);
      await Deno.rename(`${zooKeeper39Folder}/${file}.new`, `${zooKeeper39Folder}/${file}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return "Fetched ZooKeeper 3.9.";
}

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  return await run(program, args).then(() => true, () => false);
}

/** Returns the last line that it said. @throws if it fails, takes too long, or is not there. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("").trim();
  const lines = said.split("\n").filter((line) => /\w/.test(line));
  const why = lines.find((line) => line.includes("ERROR")) ?? lines.at(-1) ?? "it said nothing";
  if (!success) throw new Error(`${program}: ${why}`);
  return why;
}
