/**
 * The picture of one agent's actors: who supervises whom, and who tells whom what.
 *
 * @module
 */

import { Drawing } from "./drawing.ts";

/** Draws the agent's actors, as SVG. */
export function agentTree(): string {
  const drawing = new Drawing({
    title: "The agent's actors",
    description:
      "The supervisor agent has the children session, registrar and endpoint, and one supervisor for each service. That has the " +
      "children runner, fetcher, pinner and upgrade coordinator, in this order; a failure of one restarts those after it as " +
      "well. The upgrade coordinator hears of the session, of health and of locks, and tells registrar, runner, fetcher and " +
      "pinner what to do.",
    height: 640,
  });

  drawing.box({ x: 40, y: 22, width: 232, height: 40 }, { kind: "kept", title: "ZooKeeper" });
  drawing.box({ x: 334, y: 22, width: 232, height: 40 }, {
    kind: "kept",
    lines: ["`/dc/current`, rosters"],
  });
  drawing.box({ x: 628, y: 22, width: 232, height: 40 }, {
    kind: "plain",
    lines: ["operators, Prometheus"],
  });

  drawing.zone(
    { x: 24, y: 96, width: 852, height: 440 },
    "`agent`",
    "supervisor, one_for_one",
  );
  drawing.box({ x: 40, y: 132, width: 232, height: 60 }, {
    kind: "ours",
    title: "`session`",
    lines: ["owns the ZooKeeper session"],
  });
  drawing.box({ x: 334, y: 132, width: 232, height: 60 }, {
    kind: "ours",
    title: "`registrar`",
    lines: ["this host's entries; its reports"],
  });
  drawing.box({ x: 628, y: 132, width: 232, height: 60 }, {
    kind: "ours",
    title: "`endpoint`",
    lines: ["HTTP: status, health, metrics"],
  });

  drawing.zone(
    { x: 40, y: 252, width: 820, height: 268 },
    "`service:<S>`",
    "supervisor, rest_for_one; one for each service",
    40,
  );
  drawing.box({ x: 56, y: 288, width: 788, height: 62 }, {
    kind: "ours",
    title: "4 `upgrade_coordinator`",
    lines: ["reads the tree, decides what is next, carries the switch"],
  });
  const columns = [
    {
      x: 56,
      title: "1 `runner`",
      lines: ["starts, adopts, health-checks,", "restarts, stops the service"],
    },
    {
      x: 328,
      title: "2 `fetcher`",
      lines: ["brings releases to the disk,", "seeds what is there"],
    },
    { x: 600, title: "3 `pinner`", lines: ["starts, adopts, watches,", "ends pin keepers"] },
  ];
  for (const { x, title, lines } of columns) {
    drawing.box({ x, y: 428, width: 244, height: 76 }, { kind: "ours", title, lines });
  }
  drawing.box({ x: 56, y: 570, width: 244, height: 46 }, {
    kind: "detached",
    title: "the service's processes",
  });
  drawing.box({ x: 328, y: 570, width: 244, height: 46 }, {
    kind: "kept",
    title: "releases on the disk",
  });
  drawing.box({ x: 600, y: 570, width: 244, height: 46 }, {
    kind: "detached",
    title: "one keeper per locked release",
  });

  // Upwards.
  drawing.arrow([[252, 132], [252, 64]], { both: true });
  drawing.arrow([[450, 132], [450, 64]]);
  drawing.arrow([[744, 64], [744, 130]]);
  drawing.arrow([[272, 162], [332, 162]]);
  drawing.arrow([[628, 162], [568, 162]]);
  drawing.label([598, 153], "`list`", { zoned: true });
  drawing.label([302, 153], "①", { zoned: true });

  // Between the upper row and the coordinator.
  drawing.arrow([[76, 192], [76, 286]]);
  drawing.label([88, 216], ["① `session_connected`, `session_suspended`", "`znode_changed`"], {
    anchor: "start",
    zoned: true,
  });
  drawing.arrow([[520, 286], [520, 194]], { both: true });
  drawing.label([532, 224], "`update`, `report`; back: the outcome", {
    anchor: "start",
    zoned: true,
  });

  // Between the coordinator and its three.
  for (
    const { x, down, up } of [
      { x: 178, down: ["`status`, `check`,", "`start`, `stop`"], up: ["`health_`", "`changed`"] },
      { x: 450, down: ["`prepare`,", "`cancel`, `keep`"], up: ["`fetch_`", "`progress`"] },
      { x: 722, down: ["`check`,", "`pin`, `keep`"], up: ["`pinned_`", "`changed`"] },
    ]
  ) {
    drawing.arrow([[x - 8, 350], [x - 8, 426]]);
    drawing.arrow([[x + 8, 428], [x + 8, 352]]);
    drawing.label([x - 16, 384], down, { anchor: "end", zoned: true });
    drawing.label([x + 16, 384], up, { anchor: "start", zoned: true });
  }
  for (const x of [178, 450, 722]) drawing.arrow([[x, 504], [x, 568]]);
  return drawing.toString();
}
