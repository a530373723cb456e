/**
 * The tracker's simulation in full: 10,000 hosts in 3 sites of 40 racks, five scenarios, four policies.
 * The same figures come out in every run.
 */

import { newCommand } from "../../command_line.ts";
import { type FleetShape, fullShape, smallShape } from "../../../tests/simulation/tracker/fleet.ts";
import { run, type RunResult } from "../../../tests/simulation/tracker/run.ts";
import { type ScenarioName, scenarioNames } from "../../../tests/simulation/tracker/scenarios.ts";
import { type PolicyName, policyNames } from "../../../tests/simulation/tracker/trackers.ts";
import { type Segment, SpreadRecorder } from "./spread.ts";

const HERE = new URL("./", import.meta.url);
const DOCS = new URL("../../../docs/", HERE);
const SEED = 1;
/** Those that get a picture of their own. */
const PICTURED: readonly PolicyName[] = ["uniform random", "nearest only", "ours"];

const { quick, json, write, pictures: pictureOnly } = newCommand(
  "simulate:tracker",
  "The tracker's policy over 10,000 simulated hosts, beside others",
)
  .option("--quick", "the small fleet of the tests", false)
  .option("--json", "one object with the rows on stdout", false)
  .option("--write", "write docs/benchmarks/tracker_simulation.md and docs/pictures", false)
  .option("--pictures", "draw the pictures only, from the first scenario", false)
  .parse(Deno.args, { from: "user" }).opts();
const shape = quick ? smallShape : fullShape;

interface Case {
  readonly scenario: ScenarioName;
  readonly policy: string;
  readonly result: RunResult;
}

function say(text: string, to: typeof Deno.stdout | typeof Deno.stderr = Deno.stdout): void {
  to.writeSync(new TextEncoder().encode(`${text}\n`));
}

const cases: Case[] = [];
const spreads = new Map<PolicyName, Segment[]>();
for (const scenario of pictureOnly ? scenarioNames.slice(0, 1) : scenarioNames) {
  for (const policy of policyNames) {
    const recorder = scenario === "all at once" && PICTURED.includes(policy)
      ? new SpreadRecorder(shape)
      : undefined;
    const result = run({
      shape,
      scenario,
      policy,
      seed: SEED,
      onRound: (round, state) => recorder?.note(round, state),
    });
    if (recorder !== undefined) spreads.set(policy, recorder.segments(result.least));
    cases.push({ scenario, policy, result });
    say(`${scenario}, ${policy}`, Deno.stderr);
  }
  // What the tracker alone can hold hosts to, whatever client they run.
  const result = run({ shape, scenario, policy: "ours", seed: SEED, honoursReach: false });
  cases.push({ scenario, policy: "ours, any client", result });
}

const over = (rounds: number, { least }: RunResult) => rounds / least;

function rows() {
  return cases.map(({ scenario, policy, result }) => ({
    scenario,
    policy,
    first: round(over(result.first, result)),
    median: round(over(result.median, result)),
    last: round(over(result.last, result)),
    acrossSites: round(result.acrossSites),
    acrossRacks: round(result.acrossRacks),
    announcesPerRound: result.announcesPerRound,
  }));
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function table(): string {
  const head = [
    "scenario",
    "policy",
    "first",
    "middle",
    "last host",
    "across sites",
    "across racks",
    "announces/round",
  ];
  const time = (value: number) => Number.isFinite(value) ? `${value.toFixed(2)}×` : "never";
  const copies = (value: number) => `${value < 100 ? value.toFixed(2) : Math.round(value)}×`;
  const body = rows().map((row) => [
    row.policy === policyNames[0] ? row.scenario : "",
    row.policy === "ours" ? "**ours**" : row.policy,
    time(row.first),
    time(row.median),
    time(row.last),
    copies(row.acrossSites),
    copies(row.acrossRacks),
    row.announcesPerRound.toLocaleString("en"),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `| --- | --- | ${head.slice(2).map(() => "---:").join(" | ")} |`]
    .concat(body.map(line)).join("\n");
}

function fleetText({ hosts, sites, racksPerSite, pieces }: FleetShape): string {
  return `${
    hosts.toLocaleString("en")
  } hosts in ${sites} sites of ${racksPerSite} racks, ${pieces} pieces`;
}

const SAYINGS: Readonly<Partial<Record<PolicyName, string>>> = {
  "uniform random": "Every rack fetches through the narrow links, all the time.",
  "nearest only": "Fast, with many copies across every border.",
  "ours": "One copy into each site and into each rack.",
};

const TITLES: Readonly<Partial<Record<PolicyName, string>>> = {
  "uniform random": "Uniform random",
  "nearest only": "Nearest only",
  "ours": "Ours",
};

function find(policy: string): RunResult {
  const found = cases.find((one) => one.scenario === "all at once" && one.policy === policy);
  if (found === undefined) throw new Error(`expected a run of ${policy}, there was none`);
  return found.result;
}

function pictures() {
  const maxTime = Math.ceil(
    Math.max(...PICTURED.map((policy) => over(find(policy).last, find(policy)))) * 4,
  ) / 4;
  const spread = PICTURED.map((policy) => ({
    path: new URL(`pictures/tracker_${policy.replaceAll(" ", "_")}.svg`, DOCS).pathname,
    kind: "spread",
    data: {
      title: TITLES[policy],
      subtitle: `${SAYINGS[policy]}\n${fleetText(shape)}; all begin at once`,
      sites: shape.sites,
      racksPerSite: shape.racksPerSite,
      segments: spreads.get(policy),
      maxTime,
      facts: [
        { value: `${over(find(policy).last, find(policy)).toFixed(2)}×`, label: "last host" },
        { value: copiesText(find(policy).acrossSites), label: "across sites" },
        { value: copiesText(find(policy).acrossRacks), label: "across racks" },
      ],
    },
  }));
  const valuesOf = (measure: (result: RunResult) => number) =>
    Object.fromEntries(policyNames.map((policy) => [policy, measure(find(policy))]));
  return [...spread, {
    path: new URL("pictures/tracker_policies.svg", DOCS).pathname,
    kind: "compare",
    data: {
      title: "Four ways to hand out peers",
      subtitle: `Over the least possible; ${fleetText(shape)}; all begin at once`,
      policies: policyNames,
      panels: [
        { name: "time of the last host", values: valuesOf((one) => over(one.last, one)), max: 5 },
        {
          name: "bytes across sites (log)",
          values: valuesOf((one) => one.acrossSites),
          isLog: true,
          max: 20_000,
        },
        {
          name: "bytes across racks (log)",
          values: valuesOf((one) => one.acrossRacks),
          isLog: true,
          max: 200,
        },
      ],
    },
  }];
}

function copiesText(copies: number): string {
  return `${copies < 10 ? copies.toFixed(2) : Math.round(copies).toLocaleString("en")}×`;
}

/** The charts are a package of its own, of which the project knows nothing. */
async function draw(): Promise<void> {
  const cwd = new URL("pictures/", HERE);
  await execute(["install", "--frozen", "--quiet"], cwd);
  await Deno.mkdir(new URL("pictures/", DOCS), { recursive: true });
  const args = ["run", "--no-check", "--allow-env", "--allow-read", "--allow-write", "render.js"];
  await execute(args, cwd, JSON.stringify(pictures()));
}

async function execute(args: string[], cwd: URL, input = ""): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success } = await child.status;
  if (!success) throw new Error(`deno ${args[0]} in ${cwd.pathname}: expected success, see above`);
}

function page(): string {
  return `<!-- deno-fmt-ignore-file -->
<!-- Generated by scripts/bench/tracker/simulate.ts --write. -->

# The tracker's policy, simulated

${
    fleetText(shape)
  }, and a build machine in a rack of its own. A host's link carries one piece per round in
each direction, the links of a rack a quarter of what its hosts could take, those of a site an eighth. A round
stands for a second: a gateway announces in each of the first ten, then in every third. Pieces are chosen as our engine does, those that nobody
in the rack has first, then the rarest. Seed ${SEED}; the same figures come out in every run
(\`deno task simulate:tracker\`); a smaller fleet is asserted on in \`tests/simulation/tracker\`.

Time is over what nobody can beat, with borders that never limit: the pieces, and a doubling per round. Bytes are
copies over one per site and one per rack that has none.

- _uniform random_: 50 of all peers, as trackers do.
- _nearest only_: the own rack, then the site, then others, 50 in all.
- _nearest and one_: the same with one of the 50 from outside.
- _ours_: this tracker, and hosts that fetch from no farther than it tells them (\`reach\`).
- _ours, any client_: this tracker, and hosts that fetch from whomever they are connected to.

![Four policies](../pictures/tracker_policies.svg)

![Uniform random](../pictures/tracker_uniform_random.svg)

![Nearest only](../pictures/tracker_nearest_only.svg)

![Ours](../pictures/tracker_ours.svg)

In _staggered start_ hosts begin over as many rounds as there are pieces; in _a rack joins late_ one begins half-way;
in _gateways die_ the first host of every other rack dies a quarter in, with it two of the sites' gateways; in
_a slow gateway_ the first host of a site has a fifth of the others' link, and is itself not counted.

${table()}
`;
}

if (json) say(JSON.stringify({ rows: rows() }));
else say(table());
if (write || pictureOnly) await draw();
if (write) {
  await Deno.writeTextFile(new URL("benchmarks/tracker_simulation.md", DOCS), page());
}
