// Runs the contenders, each in a process of its own whose last line of output has its results.
const here = import.meta.dirname ?? ".";

/** Operations per second by case. */
export type Results = Record<string, number>;

/** A client that can be measured. */
export interface Contender {
  name: string;
  command: string;
  args: string[];
}

/** Returns all clients whose runtime is installed; `missing` says what the others need. */
export async function findContenders(
  folder: string,
): Promise<{ contenders: Contender[]; missing: string[] }> {
  const deno = (name: string, file: string): Contender => ({
    name,
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", `${here}/contenders/${file}`],
  });
  const contenders = [
    deno("ours", "ours.ts"),
    deno("node-zookeeper-client", "node_zookeeper_client.js"),
  ];
  const missing: string[] = [];
  // Debian's own Python, which has kazoo.
  if (await succeeds("/usr/bin/python3", ["-c", "import kazoo"])) {
    contenders.push({
      name: "kazoo",
      command: "/usr/bin/python3",
      args: [`${here}/contenders/kazoo_client.py`],
    });
  } else {
    missing.push("kazoo: run deno task setup:zookeeper_clients");
  }
  const binary = `${folder}/c_client`;
  const compiled = await succeeds("cc", [
    ...[
      "-O2",
      "-DTHREADED",
      "-o",
      binary,
      `${here}/contenders/c_client.c`,
      "-lzookeeper_mt",
    ],
  ]);
  if (compiled) {
    contenders.push({ name: "C client", command: binary, args: [] });
  } else {missing.push(
      "C client: run deno task setup:zookeeper_clients (and a C compiler)",
    );}
  return { contenders, missing };
}

/** Runs one contender against a server. */
export async function measure(
  contender: Contender,
  args: readonly string[],
): Promise<Results> {
  const { success, stdout, stderr } = await new Deno.Command(
    contender.command,
    {
      args: [...contender.args, ...args],
      stdin: "null",
    },
  ).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${contender.name}: ${text.decode(stderr)}`);
  return JSON.parse(text.decode(stdout).trim().split("\n").at(-1) ?? "{}");
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args,
      stdout: "null",
      stderr: "null",
    })
      .output();
    return success;
  } catch {
    return false;
  }
}
