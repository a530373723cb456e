import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { TRACKER_SERVERS } from "../../../tracker/mod.ts";

const PROCESS = fileURLToPath(new URL("./own_machine_process.ts", import.meta.url));
const OWN_ADDRESS = "10.77.0.1";

/** Runs a command on a network of its own, whose only machine has that address. */
async function onOwnNetwork(...command: readonly string[]): Promise<Deno.CommandOutput> {
  const script = `ip address add ${OWN_ADDRESS}/32 dev lo && ip link set lo up && exec "$@"`;
  return await new Deno.Command("unshare", {
    args: ["--map-root-user", "--net", "sh", "-c", script, "sh", ...command],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
}

async function canMakeNetworks(): Promise<boolean> {
  try {
    return (await onOwnNetwork("true")).success;
  } catch {
    // There is no unshare(1).
    return false;
  }
}

Deno.test({
  name:
    "tracker: a publisher beside it, whose machine's name is a loopback address, is handed out where others reach it",
  ignore: !await canMakeNetworks(),
  async fn() {
    const { code, stdout, stderr } = await onOwnNetwork(
      ...[Deno.execPath(), "run", "-A", "--quiet", PROCESS, OWN_ADDRESS],
    );
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const given = JSON.parse(new TextDecoder().decode(stdout));
    const expected = [`${OWN_ADDRESS}:7000`];
    assert.deepEqual(given, Object.fromEntries(TRACKER_SERVERS.map((name) => [name, expected])));
  },
});
