/**
 * What a plan would do, as text for a terminal. Pure.
 *
 * @module
 */

import pc from "picocolors";
import {
  describeGate,
  type Forecast,
  isOpenedByPerson,
  listNames,
  type ServiceForecast,
  type WaveForecast,
} from "../../rollout/mod.ts";
import { plain } from "../shared/terminal_text.ts";
import { formatBytes, formatCount, formatTimeSpan, layOut } from "../shared/format.ts";

/** What hosts that have an earlier release need not fetch. */
export interface Reuse {
  /** The version of the earlier release. */
  readonly from: string;
  readonly sharedBytes: number;
}

/** Which hosts have room for a release beside what they have. */
export interface Room {
  /** Those that have none, each with the reason in its agent's words. */
  readonly lacking: readonly { readonly host: string; readonly reason: string }[];
  /** Those whose agents do not say. */
  readonly unknown: readonly string[];
}

/** What is shown beside the forecast. */
export interface PlanViewOptions {
  readonly planPath: string;
  readonly planVersion: string;
  /** Why it could not be started now, and what to do; `null`: it could. */
  readonly busy: string | null;
  /** By service. */
  readonly reuse: ReadonlyMap<string, Reuse>;
  /** By service; left out where nothing has to be fetched. */
  readonly room: ReadonlyMap<string, Room>;
  /** Columns of the terminal. */
  readonly columns: number;
}

/** Renders a forecast, wave by wave. */
export function renderForecast(told: Forecast, options: PlanViewOptions): string {
  const forecast = plain(told);
  const { planPath, planVersion, busy } = options;
  const lines: string[] = [];
  forecast.waves.forEach((wave, index) => {
    // Those that get it by an earlier wave stand there.
    const earlier = forecast.waves.slice(0, index).filter(({ service }) =>
      service === wave.service
    );
    const listed = new Set(earlier.flatMap(({ switching }) => switching));
    const alreadyThere = wave.alreadyThere.filter((host) => !listed.has(host));
    lines.push(...renderWave({ ...wave, alreadyThere }, index + 1, options), "");
  });
  lines.push(...forecast.services.flatMap((service) => renderService(service, options)));
  const isNothingToDo = forecast.waves.every((wave) =>
    wave.switching.length + wave.offline.length + wave.failedBefore.length === 0
  );
  lines.push(
    ...(isNothingToDo
      ? ["Nothing to do: every host runs what the plan asks for."]
      : renderTime(forecast).flatMap((line) => indented(line, options.columns, ""))),
    "",
    ...(busy === null
      ? []
      : indented(`! It could not be started now: ${plain(busy)}`, options.columns, "").map(
        pc.yellow,
      )),
    busy !== null
      ? "Nothing was written."
      : `Nothing was written. Start exactly this: ${
        pc.bold(`rollcall rollout ${planPath} --plan-version ${planVersion}`)
      }`,
  );
  return lines.join("\n");
}

function renderWave(
  wave: WaveForecast,
  number: number,
  { columns }: Pick<PlanViewOptions, "columns">,
): string[] {
  const { switching, alreadyThere, offline, failedBefore, drained, quarantined, gate } = wave;
  const title = `${number}. ${pc.bold(`${wave.service} ${wave.version}`)}: ${
    formatCount(switching.length, "host")
  } to switch`;
  const facts: string[] = [];
  const add = (label: string, names: readonly string[]) => {
    if (names.length > 0) facts.push(`${label}: ${listNames(names)}`);
  };
  if (gate !== null) facts.push(describeGate(gate, null));
  if (wave.maxFailures !== null) facts.push(renderAllowedFailures(wave.maxFailures));
  if (wave.after !== null) {
    const others = wave.after.filter((name) => name !== wave.service);
    facts.push(
      others.length === 0
        ? "beside all other services"
        : `waits for ${listNames(others)} alone, beside all other services`,
    );
  }
  add("switch", switching);
  add("new here, takes no capacity away", wave.newcomers);
  add("there already", alreadyThere);
  add("offline, will catch up", offline);
  add("drained by an operator, switch beyond the budget", drained);
  add(
    "failed before, stays as it is",
    failedBefore.map(({ host, reason }) => reason === null ? host : `${host} (${reason})`),
  );
  add(
    "in quarantine, stays as it is until that is over",
    quarantined.map(({ host, reason }) => `${host} (${reason})`),
  );
  if (switching.length > 0 && wave.servingCount === 0) {
    facts.push("no host serves now, so nobody waits for another one: all start at once");
  } else if (switching.length > 0) {
    // With nobody at a time a warning says what has to happen first.
    const pace = wave.concurrentCount === 0 ? "" : `, ${wave.concurrentCount} at a time`;
    facts.push(
      `at least ${wave.leastServingCount} of ${
        formatCount(wave.servingCount, "serving host")
      } keep serving${pace}`,
    );
  }
  return [
    title,
    ...facts.flatMap((fact) => indented(fact, columns)),
    ...wave.warnings.flatMap((warning) => indented(`! ${warning}`, columns).map(pc.yellow)),
  ];
}

function renderAllowedFailures(count: number): string {
  return count === 0
    ? "the first failure of one of its hosts halts the rollout"
    : `more than ${formatCount(count, "failure")} of its hosts halt the rollout`;
}

function renderService(
  forecast: ServiceForecast,
  { columns, reuse, room }: Pick<PlanViewOptions, "columns" | "reuse" | "room">,
): string[] {
  const { service, version, sizeBytes, lackingCount, otherSites } = forecast;
  const { hostCount, servingCount, leastServingCount } = forecast;
  const online = servingCount === 0
    ? `${service}: none of its ${formatCount(hostCount, "host")} serves now`
    : `${service}: at least ${leastServingCount} of its ${formatCount(hostCount, "host")} serve ` +
      `throughout, ${servingCount} do now`;
  if (lackingCount === 0 || sizeBytes === 0) return indented(online, columns, "");
  const sites = otherSites.length === 0
    ? "no border between sites to cross"
    : `once into ${otherSites.length === 1 ? "site" : "each of the sites"} ${
      listNames(otherSites)
    }`;
  const shared = reuse.get(service);
  const reused = shared === undefined
    ? ""
    : `; hosts with ${shared.from} have ${
      shared.sharedBytes === 0 ? "nothing" : formatBytes(shared.sharedBytes)
    } of it already`;
  return [
    online,
    `${service} ${version}: ${formatBytes(sizeBytes)} to each of ${
      formatCount(lackingCount, "host")
    }, ${sites}${reused}`,
  ].flatMap((line) => indented(line, columns, "")).concat(
    renderRoom(room.get(service)).flatMap((line) => indented(line, columns, "").map(pc.yellow)),
  );
}

/** The hosts that have no room for the release beside what they have, and of which that is not known. */
function renderRoom(room: Room | undefined): string[] {
  if (room === undefined) return [];
  const { lacking, unknown } = room;
  return [
    ...lacking.slice(0, LACKING_MAX).map(({ host, reason }) => `! ${host} has no room: ${reason}`),
    ...(lacking.length > LACKING_MAX
      ? [`! and ${formatCount(lacking.length - LACKING_MAX, "host")} more`]
      : []),
    ...(unknown.length > 0
      ? [
        unknown.length === 1
          ? `! whether ${listNames(unknown)} has room is not known: its agent does not say`
          : `! whether ${listNames(unknown)} have room is not known: their agents do not say`,
      ]
      : []),
  ];
}

/** How long it takes: what cannot be shorter, and what was measured. */
function renderTime({ waves, services, leastMs, expectedMs }: Forecast): string[] {
  const rest = waves.some(({ gate }) => gate !== null && isOpenedByPerson(gate))
    ? "; what fetching takes, and a person at a gate, come on top"
    : "; what fetching takes comes on top";
  const least = `at least ${formatTimeSpan(leastMs)} of gates, checks and bake time`;
  const switching = services.filter(({ service }) =>
    waves.some((wave) => wave.service === service && wave.switching.length > 0)
  );
  const unmeasured = switching.flatMap(({ service, switchTimes }) =>
    switchTimes === null ? [service] : []
  );
  if (expectedMs === null) {
    return [
      `Takes ${least}; no estimate: no switch of ${listNames(unmeasured)} was measured yet${rest}.`,
    ];
  }
  const measured = switching.flatMap(({ service, switchTimes }) =>
    switchTimes === null
      ? []
      : `${service} ${formatTimeSpan(switchTimes.medianMs)} (${
        formatCount(switchTimes.count, "switch", "switches")
      })`
  );
  return [
    `Takes about ${formatTimeSpan(expectedMs)}, ${least}${rest}.`,
    `Measured so far, without bake time: ${listNames(measured)}.`,
  ];
}

/** Most hosts without room that are named, each with its reason. */
const LACKING_MAX = 5;

function indented(text: string, columns: number, margin = "   "): string[] {
  const width = Math.max(MIN_WIDTH, columns - margin.length);
  return layOut(text.split(" "), { columns: width, indent: 2, gap: " " })
    .map((line) => `${margin}${line}`);
}

/** Fewer columns could not be read. */
const MIN_WIDTH = 60;
