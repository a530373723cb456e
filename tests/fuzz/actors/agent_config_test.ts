/**
 * Config files that nobody should write: an agent's config is read and checked, or refused with one clear message; it
 * never ends in another error. ROLLCALL_SEED and ROLLCALL_FUZZ_INPUTS say which files and how many; one file is one seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { agentConfigSchema } from "../../../actors/config/agent_config.ts";
import { type Random, seededRandom } from "../../../actors/runtime/mod.ts";
import { UsageError } from "../../../cli/shared/errors.ts";
import { parseYaml } from "../../../cli/shared/yaml_file.ts";
import { inputCount, replayCommand, seedOfRun } from "./inputs.ts";

const seed = seedOfRun();
const count = inputCount(2_000);

/** Longest message, per character of the file: YAML shows each place that it could not read. */
const MESSAGE_PER_CHARACTER = 50;

const CONFIG = `host: web-3
site: ams
rack: r2
zookeeper: zk1:2181,zk2:2181/prod
sessionTimeout: 10s
dataDir: /var/lib/rollcall
listen: 0.0.0.0:7070
actorsPort: 7071
torrentPort: 6881
engine: swarm
limits:
  up: { total: 400M, remote: unlimited }
  down: { rack: 50M }
  schedule:
    - { from: "22:00", to: "06:00", days: [mon, tue], up: { total: unlimited } }
onExit: leave
services:
  search:
    command: [/usr/bin/searchd, --data, "{blob}"]
    user: searchd
    env: { PORT: "9000" }
    workingDirectory: /srv/search
    drain: [/usr/local/bin/leave-lb, "search"]
    drainTimeout: 30s
    restartAfterFailedChecks: 15
    preStart: { command: [/usr/local/bin/migrate, "{blob}"], timeout: 2m, onFailure: stop }
    ulimits: { nofile: { soft: 1024, hard: 4096 }, memlock: 8M }
    stopGrace: 10s
    health:
      type: http
      url: "http://127.0.0.1:9000/health"
      expectStatus: 200
      timeout: 5s
    healthInterval: 2s
    pin: { mode: required, limit: 64G }
    keepReleases: 1
  index:
    command: [/bin/true]
    health: { type: tcp, port: 9001, timeout: 1s }
`;

/** What stands where something else should. */
const PIECES: readonly string[] = [
  "",
  "null",
  "~",
  "-1",
  "0",
  "1e999",
  ".nan",
  ".inf",
  "0.5ms",
  "11m",
  "99999999999999999999h",
  "99999999999999T",
  "0s",
  "65536",
  "../../pwn",
  '"a\\0b"',
  "'\\u202egnp'",
  "x".repeat(300),
  "[]",
  "{}",
  "[a, [b, [c]]]",
  "{ __proto__: { host: web } }",
  "constructor",
  "toString",
  "*anchor",
  "&anchor v2",
  "*up",
  "!!binary aGk=",
  "!!js/function 'x'",
  "!!timestamp 2026-01-01",
  "? [a]\n: b",
  "<<: { a: b }",
  "exec",
  "tcp",
  "webtorrent",
  "[::1]:7070",
  "24:00",
  "\t",
  "{",
  "}",
  ": ",
  "- ",
  "\n",
  "---\n",
  "# ",
  '"',
];

function makeConfig(random: Random): string {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const pick = (items: readonly string[]): string => items[below(items.length)] ?? "";
  let text = CONFIG;
  for (let left = 1 + below(4); left > 0; left--) {
    const words = text.split(/(\s+|[:,{}[\]]+)/);
    const at = below(words.length);
    words[at] = random.next() < 0.15 ? "" : pick(random.next() < 0.5 ? PIECES : words);
    text = words.join("");
  }
  return random.next() < 0.1 ? text.slice(0, below(text.length)) : text;
}

/** Whether the file makes a config; throws if it is refused in another way than by a message that helps. */
function isTaken(text: string): boolean {
  try {
    const source = { path: "agent.yaml", kind: "config", schema: agentConfigSchema };
    const config = parseYaml(text, source);
    assert.ok(config.sessionTimeout >= 100 && Number.isSafeInteger(config.sessionTimeout));
    for (const { pin, stopGrace, drainTimeout, healthInterval } of Object.values(config.services)) {
      assert.ok(healthInterval >= 10);
      for (const value of [pin.limit, stopGrace, drainTimeout, healthInterval]) {
        assert.ok(Number.isSafeInteger(value) && value >= 0, String(value));
      }
    }
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    assert.match(error.message, /^read config agent\.yaml:/);
    assert.ok(error.message.length < 1_000 + text.length * MESSAGE_PER_CHARACTER, error.message);
    assert.doesNotMatch(error.message, /^ {4}at |\[object |undefined: /m);
    return false;
  }
}

Deno.test(`agent config: ${count} files that nobody should write are taken or refused with a message`, () => {
  let taken = 0;
  for (let index = 0; index < count; index++) {
    const ownSeed = (seed + index) >>> 0;
    const text = makeConfig(seededRandom(ownSeed));
    try {
      if (isTaken(text)) taken++;
    } catch (cause) {
      throw new Error(
        `config of seed ${ownSeed}; again with: ${
          replayCommand(ownSeed, "tests/fuzz/actors/agent_config_test.ts")
        }\n${text}`,
        { cause },
      );
    }
  }
  if (count >= 1_000) assert.ok(taken > 0 && taken < count, `${taken} of ${count} taken`);
});
