// The ZooKeeper benchmark: this client beside others on the same real server, the client alone on a
// server that answers at once, and the embedded coordinator beside the real server, both with every
// write on the disk before it is acknowledged. All in one run, in turns.
import { benchCommand } from "../command_line.ts";
import { startRealZooKeeper } from "../../../tests/real_zookeeper.ts";
import { type Contender, findContenders, measure, type Results } from "./contenders.ts";
import { type Part, rowsOf, tables, toPage } from "./results.ts";

const page = new URL("../../../docs/benchmarks/zookeeper.md", import.meta.url);

const { quick, json, write } = benchCommand({
  name: "zookeeper",
  compares: "The ZooKeeper client beside others, and the embedded coordinator beside a real server",
  quick: "one short round: some 20 s in place of 5 minutes",
  page: "docs/benchmarks/zookeeper.md",
}).parse(Deno.args, { from: "user" }).opts();

const rounds = quick ? 1 : 5;
const caseMs = quick ? 150 : 1_000;

/** Measures in rounds; the contender that began a round comes last in the next one. */
async function inTurns(
  names: readonly string[],
  run: (name: string) => Promise<Results>,
  roundCount = rounds,
): Promise<Map<string, Results[]>> {
  const collected = new Map<string, Results[]>(names.map((name) => [name, []]));
  for (let round = 0; round < roundCount; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] ?? "";
      collected.get(name)?.push(await run(name));
    }
  }
  return collected;
}

/** A program of this folder that prints its port and then serves. */
async function startProcess(file: string, args: string[] = []) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      `${import.meta.dirname}/${file}`,
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    address: `127.0.0.1:${Number(new TextDecoder().decode(value))}`,
    async stop() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

async function run(
  folder: string,
): Promise<{ parts: Part[]; missing: string[] }> {
  const { contenders, missing } = await findContenders(folder);
  const byName = new Map<string, Contender>(
    contenders.map((each) => [each.name, each]),
  );
  const contender = (name: string) => byName.get(name) ?? (contenders[0] as Contender);
  const names = [...byName.keys()];
  const parts: Part[] = [];

  const real = await startRealZooKeeper({ optimized: true });
  try {
    // The server is compiled while it runs, which should be no contender's disadvantage.
    await measure(contender("ours"), [real.connectString, `${caseMs}`]);
    const rounds = await inTurns(
      names,
      (name) => measure(contender(name), [real.connectString, `${caseMs}`]),
    );
    parts.push({ name: "clients on ZooKeeper", ours: "ours", rounds });
  } finally {
    await real.stop();
  }

  const instant = await startProcess("instant_server.ts");
  try {
    const rounds = await inTurns(
      names,
      (name) => measure(contender(name), [instant.address, `${caseMs}`, "client"]),
    );
    parts.push({ name: "clients alone", ours: "ours", rounds });
  } finally {
    await instant.stop();
  }

  const durable = await startRealZooKeeper({
    optimized: true,
    forceSync: true,
  });
  const coordinator = await startProcess("coordinator_process.ts", [
    `${folder}/coordinator`,
  ]);
  try {
    const addresses: Record<string, string> = {
      "coordinator": coordinator.address,
      "real ZooKeeper": durable.connectString,
    };
    await measure(contender("ours"), [durable.connectString, `${caseMs}`]);
    const rounds = await inTurns(
      Object.keys(addresses),
      (name) => measure(contender("ours"), [addresses[name] ?? "", `${caseMs}`]),
    );
    parts.push({ name: "servers, durable", ours: "coordinator", rounds });
  } finally {
    await coordinator.stop();
    await durable.stop();
  }
  return { parts, missing };
}

const folder = await Deno.makeTempDir({ prefix: "rollcall-bench-" });
try {
  const { parts, missing } = await run(folder);
  const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  if (write) {
    const versions = `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores`;
    await Deno.writeTextFile(page, toPage(parts, { rounds, caseMs, versions }));
  }
  if (json) say(JSON.stringify({ rows: parts.flatMap(rowsOf) }));
  else {
    for (const part of parts) say(`${part.name}\n\n${tables(part)}\n`);
    for (const each of missing) say(`left out: ${each}`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
