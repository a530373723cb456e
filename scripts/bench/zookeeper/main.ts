// The ZooKeeper benchmark: this client beside others on the same real server, the client alone on a
// server that answers at once, and the embedded coordinator beside the real server, both with every
// write on the disk before it is acknowledged. All in one run, in turns.
// Usage: main.ts [--quick] [--json] [--docs FILE]
import { parseArgs } from "node:util";
import { startRealZooKeeper } from "../../../tests/real_zookeeper.ts";
import { type Contender, findContenders, measure, type Results } from "./contenders.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    docs: { type: "string" },
  },
});

/** One line of the result. A ratio above 1 means that ours is ahead of the best of the others. */
interface Row {
  case: string;
  unit: string;
  ours: number;
  peers: Record<string, number>;
  ratio: number;
}

const rounds = values.quick ? 1 : 5;
const caseMs = values.quick ? 150 : 1_000;

/** Collected in rounds, whoever began last time coming last this time. */
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

function rowsOf(
  collected: Map<string, Results[]>,
  { ours, prefix }: { ours: string; prefix: string },
): Row[] {
  const cases = Object.keys(collected.get(ours)?.[0] ?? {});
  return cases.map((name) => {
    const value = (who: string) =>
      median((collected.get(who) ?? []).map((each) => each[name] ?? 0));
    const peers = Object.fromEntries(
      [...collected.keys()].filter((who) => who !== ours).map((
        who,
      ) => [who, Math.round(value(who))]),
    );
    const best = Math.max(...Object.values(peers));
    return {
      case: `${prefix}: ${name}`,
      unit: "operations/s",
      ours: Math.round(value(ours)),
      peers,
      ratio: Math.round(value(ours) / best * 100) / 100,
    };
  });
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle] ?? 0
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
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
): Promise<{ rows: Row[]; missing: string[] }> {
  const { contenders, missing } = await findContenders(folder);
  const byName = new Map<string, Contender>(
    contenders.map((each) => [each.name, each]),
  );
  const contender = (name: string) => byName.get(name) ?? (contenders[0] as Contender);
  const names = [...byName.keys()];
  const rows: Row[] = [];

  const real = await startRealZooKeeper({ optimized: true });
  try {
    // The server compiles itself while it is used; that should be nobody's disadvantage.
    await measure(contender("ours"), [real.connectString, `${caseMs}`]);
    const collected = await inTurns(
      names,
      (name) => measure(contender(name), [real.connectString, `${caseMs}`]),
    );
    rows.push(
      ...rowsOf(collected, { ours: "ours", prefix: "clients on ZooKeeper" }),
    );
  } finally {
    await real.stop();
  }

  const instant = await startProcess("instant_server.ts");
  try {
    const collected = await inTurns(
      names,
      (name) => measure(contender(name), [instant.address, `${caseMs}`, "client"]),
    );
    rows.push(...rowsOf(collected, { ours: "ours", prefix: "clients alone" }));
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
    const collected = await inTurns(
      Object.keys(addresses),
      (name) => measure(contender("ours"), [addresses[name] ?? "", `${caseMs}`]),
    );
    rows.push(
      ...rowsOf(collected, { ours: "coordinator", prefix: "servers, durable" }),
    );
  } finally {
    await coordinator.stop();
    await durable.stop();
  }
  return { rows, missing };
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ case: name, ours, peers, ratio }) => {
    const others = Object.entries(peers).map(([who, value]) =>
      `${who} ${value.toLocaleString("en")}`
    );
    return `| ${name} | ${ours.toLocaleString("en")} | ${others.join(", ")} | ${
      ratio.toFixed(2)
    } |`;
  });
  return [
    "| case | ours | others | ratio |",
    "| --- | ---: | --- | ---: |",
    ...lines,
  ].join("\n");
}

function document(rows: readonly Row[]): string {
  return `# ZooKeeper: client and coordinator, measured

Generated by \`deno run -A scripts/bench/zookeeper/main.ts --docs ${values.docs}\`; do not edit.

Operations per second, the median of ${rounds} rounds of ${caseMs} ms a case; the contenders take turns in one run
on one machine (${navigator.hardwareConcurrency} processors, Deno ${Deno.version.deno}), all on loopback, with 100 bytes a node. Pipelined: 2,000
requests at once. A ratio above 1 means that ours is ahead of the best of the others.

- *clients on ZooKeeper*: the same real server (3.8, without waiting for the disk). Client and server share the
  processors, and the server is what limits the fast clients.
- *clients alone*: a server that answers at once and keeps nothing.
- *servers, durable*: this client on the embedded coordinator (SQLite, synchronous=FULL) and on real ZooKeeper
  (forceSync), both with their data on the same disk.

${table(rows)}
`;
}

const folder = await Deno.makeTempDir({ prefix: "rollcall-bench-" });
try {
  const { rows, missing } = await run(folder);
  const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  if (values.docs !== undefined) {
    await Deno.writeTextFile(values.docs, document(rows));
  }
  if (values.json) say(JSON.stringify({ rows }));
  else {
    say(table(rows));
    for (const each of missing) say(`left out: ${each}`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
