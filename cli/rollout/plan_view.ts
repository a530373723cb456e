/**
 * What a plan would do, as text for a terminal. Pure.
 *
 * @module
 */

import pc from "picocolors";
import {
  type Forecast,
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

/** What is shown beside the forecast. */
export interface PlanViewOptions {
  readonly planPath: string;
  readonly planVersion: string;
  /** By service. */
  readonly reuse: ReadonlyMap<string, Reuse>;
  /** Columns of the terminal. */
  readonly columns: number;
}

/** Renders a forecast, wave by wave. */
export function renderForecast(told: Forecast, options: PlanViewOptions): string {
  const forecast = plain(told);
  const { planPath, planVersion } = options;
  const lines: string[] = [];
  forecast.waves.forEach((wave, index) => lines.push(...renderWave(wave, index + 1, options), ""));
  lines.push(...forecast.services.flatMap((service) => renderService(service, options)));
  const leastMs = forecast.waves.reduce((sum, wave) => sum + wave.leastMs, 0);
  const isNothingToDo = forecast.waves.every((wave) =>
    wave.switching.length + wave.offline.length + wave.failedBefore.length === 0
  );
  lines.push(
    isNothingToDo
      ? "Nothing to do: every host runs what the plan asks for."
      : `Takes at least ${
        formatTimeSpan(leastMs)
      } of checks and bake time; fetching, stopping and starting come on top.`,
    "",
    `Nothing was written. Start exactly this: ${
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
  const { switching, alreadyThere, offline, failedBefore, drained } = wave;
  const title = `${number}. ${pc.bold(`${wave.service} ${wave.version}`)}: ${
    formatCount(switching.length, "host")
  } to switch`;
  const facts: string[] = [];
  const add = (label: string, names: readonly string[]) => {
    if (names.length > 0) facts.push(`${label}: ${listNames(names)}`);
  };
  add("switch", switching);
  add("there already", alreadyThere);
  add("offline, will catch up", offline);
  add("drained by an operator", drained);
  add(
    "failed before, stays as it is",
    failedBefore.map(({ host, reason }) => reason === null ? host : `${host} (${reason})`),
  );
  if (switching.length > 0) {
    facts.push(
      `at least ${wave.leastServingCount} of ${
        formatCount(wave.servingCount, "serving host")
      } keep serving, ${wave.concurrentCount} at a time`,
    );
  }
  return [
    title,
    ...facts.flatMap((fact) => indented(fact, columns)),
    ...wave.warnings.flatMap((warning) => indented(`! ${warning}`, columns).map(pc.yellow)),
  ];
}

function renderService(
  { service, version, sizeBytes, lackingCount, otherSites }: ServiceForecast,
  { columns, reuse }: Pick<PlanViewOptions, "columns" | "reuse">,
): string[] {
  if (lackingCount === 0 || sizeBytes === 0) return [];
  const sites = otherSites.length === 0
    ? "no border to cross"
    : `once into ${otherSites.length === 1 ? "site" : "each of the sites"} ${
      listNames(otherSites)
    }`;
  const shared = reuse.get(service);
  const reused = shared === undefined
    ? ""
    : `; hosts with ${shared.from} have ${formatBytes(shared.sharedBytes)} of it already`;
  return indented(
    `${service} ${version}: ${formatBytes(sizeBytes)} to each of ${
      formatCount(lackingCount, "host")
    }, ${sites}${reused}`,
    columns,
    "",
  );
}

function indented(text: string, columns: number, margin = "   "): string[] {
  const width = Math.max(MIN_WIDTH, columns - margin.length);
  return layOut(text.split(" "), { columns: width, indent: 2, gap: " " })
    .map((line) => `${margin}${line}`);
}

/** Fewer columns could not be read. */
const MIN_WIDTH = 60;
