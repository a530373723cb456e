/** The results: medians and spreads, as rows, as tables, and as the page in the documentation. */

import { type Case, CASES } from "./cases.ts";
import { BARE, type Times } from "./contender.ts";
import type { ErlangResults } from "./erlang.ts";
import { median, type Row, table, withSpread } from "../report.ts";

/** All values of one case, by contender. */
export type Values = ReadonlyMap<string, readonly number[]>;

/** The results of a whole run. */
export interface Results {
  readonly values: ReadonlyMap<string, Values>;
  readonly ownDelays: ReadonlyMap<string, { readonly timer: Times; readonly socket: Times }>;
  readonly erlang: ErlangResults | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

function better({ more }: Case, ours: number, theirs: number): number {
  return more ? ours / theirs : theirs / ours;
}

/** The rows of all cases. */
export function toRows({ values }: Results): Row[] {
  return CASES.flatMap((one) => {
    const byName = values.get(one.name);
    const ours = median(byName?.get("ours") ?? []);
    const peers = Object.fromEntries(
      [...byName ?? []].filter(([name]) => name !== "ours" && name !== BARE.name).map((
        [name, all],
      ) => [name, round(median(all))]),
    );
    if (Object.keys(peers).length === 0) return [];
    const ratio = Math.min(...Object.values(peers).map((theirs) => better(one, ours, theirs)));
    return [{
      case: one.name,
      unit: one.unit,
      ours: round(ours),
      peers,
      ratio: Number(ratio.toPrecision(3)),
    }];
  });
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Empty for contenders without this case. */
function cell(values: readonly number[] | undefined): string {
  return values === undefined ? "" : withSpread(values);
}

/** The tables, as Markdown. */
export function toMarkdown(results: Results): string {
  const { values, ownDelays, erlang, versions } = results;
  const names = [...new Set([...values.values()].flatMap((byName) => [...byName.keys()]))]
    .filter((name) => name !== BARE.name);
  const rows = new Map(toRows(results).map((row) => [row.case, row]));
  const titles = names.map((name) => {
    const version = versions[name.toLowerCase()];
    return version === undefined ? name : `${name} ${version}`;
  });
  const compared = CASES.filter((one) => rows.has(one.name)).map((one) => [
    `${one.name} (${one.unit})`,
    ...names.map((name) => cell(values.get(one.name)?.get(name))),
    `${rows.get(one.name)?.ratio}×`,
  ]);
  const against = CASES.filter((one) => rows.has(one.name)).map((one) => {
    const ours = median(values.get(one.name)?.get("ours") ?? []);
    return [
      one.name,
      ...names.filter((name) => name !== "ours").map((name) => {
        const theirs = values.get(one.name)?.get(name);
        return theirs === undefined ? "" : `${better(one, ours, median(theirs)).toPrecision(3)}×`;
      }),
    ];
  });
  const delays = [...ownDelays].map(([name, { timer, socket }]) => [
    name,
    ...[timer.median, timer.p99, timer.max, socket.median, socket.p99, socket.max].map((ms) =>
      ms.toFixed(2)
    ),
  ]);
  const parts = [
    table(["case", ...titles, "against the best"], compared),
    "Ours against each, more than 1 is better:",
    table(["case", ...titles.slice(1)], against),
    "## How late others in the process come\n\nMilliseconds that a timer is late, and that a byte takes " +
    "over a socket and back, in a process\nwith our runtime at work.",
    table(
      [
        "load",
        "timer median",
        "timer p99",
        "timer max",
        "socket median",
        "socket p99",
        "socket max",
      ],
      delays,
    ),
  ];
  parts.push(
    "## Beside the bare channel\n\nThe same questions without any library, by `postMessage` and by JSON over TCP: what it costs to " +
      "have\nbounds, credit, deadlines, checks and death watch.",
    table(
      ["case", "ours", BARE.name, "ours against it"],
      CASES.filter((one) => values.get(one.name)?.has(BARE.name)).map((one) => {
        const ours = values.get(one.name)?.get("ours");
        const bare = values.get(one.name)?.get(BARE.name);
        const ratio = better(one, median(ours ?? []), median(bare ?? []));
        return [`${one.name} (${one.unit})`, cell(ours), cell(bare), `${ratio.toPrecision(3)}×`];
      }),
    ),
  );
  if (erlang !== undefined) {
    parts.push(
      "## Beside Erlang\n\nAnother language on a virtual machine of its own, as the mark outside: processes that share " +
        "nothing, are\npreempted, and use all cores.",
      table(
        ["case", "ours", `Erlang/OTP ${erlang.version}`, "ours against it"],
        CASES.filter((one) => erlang.values.has(one.name)).map((one) => {
          const ours = values.get(one.name)?.get("ours");
          const theirs = erlang.values.get(one.name);
          const ratio = better(one, median(ours ?? []), median(theirs ?? []));
          return [
            `${one.name} (${one.unit})`,
            cell(ours),
            cell(theirs),
            `${ratio.toPrecision(3)}×`,
          ];
        }),
      ),
    );
  }
  return parts.join("\n\n");
}
