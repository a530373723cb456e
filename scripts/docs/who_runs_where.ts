/**
 * The picture of the processes of a fleet: on which machine each runs, and who talks to whom.
 *
 * @module
 */

import { Drawing } from "./drawing.ts";

/** Draws which processes run where, as SVG. */
export function whoRunsWhere(): string {
  const drawing = new Drawing({
    title: "Who runs where",
    description:
      "The admin box starts a rollout in ZooKeeper and reads it there. The build machine serves the feed and seeds each release " +
      "first. On every host an agent talks to ZooKeeper, fetches releases from the build machine and from other hosts over " +
      "BitTorrent, and starts the services and the pin keepers, which outlive it. Agents and the build machine announce " +
      "themselves to the tracker.",
    height: 552,
  });

  drawing.zone({ x: 24, y: 24, width: 212, height: 132 }, "admin box");
  drawing.box({ x: 38, y: 58, width: 184, height: 84 }, {
    kind: "ours",
    lines: ["`rollcall rollout PLAN`", "`rollcall status`", "`rollcall actors HOST`"],
  });

  drawing.zone({ x: 346, y: 24, width: 530, height: 92 }, "ZooKeeper ensemble");
  drawing.box({ x: 360, y: 56, width: 502, height: 46 }, {
    kind: "kept",
    lines: [
      "all that must be agreed on: offers, waves, slots, rosters, control",
    ],
  });

  drawing.zone({ x: 24, y: 226, width: 212, height: 156 }, "build machine");
  drawing.box({ x: 38, y: 260, width: 184, height: 106 }, {
    kind: "ours",
    title: "`rollcall publish`",
    lines: ["the feed, over HTTP", "the inbox for releases", "the first seeder of each"],
  });

  drawing.zone({ x: 346, y: 186, width: 318, height: 250 }, "every host");
  drawing.box({ x: 362, y: 222, width: 286, height: 72 }, {
    kind: "ours",
    title: "`rollcall agent`",
    lines: ["decides for its host, fetches, seeds,", "switches its services"],
  });
  drawing.box({ x: 362, y: 346, width: 132, height: 66 }, {
    kind: "detached",
    title: "services",
    lines: ["outlive the agent"],
    copies: 1,
  });
  drawing.box({ x: 511, y: 346, width: 132, height: 66 }, {
    kind: "detached",
    title: "pin keepers",
    lines: ["one per release"],
    copies: 1,
  });
  drawing.arrow([[426, 294], [426, 344]]);
  drawing.arrow([[576, 294], [576, 344]]);
  drawing.label([501, 324], "starts, adopts", { zoned: true });

  drawing.zone({ x: 740, y: 186, width: 136, height: 250 }, "other hosts");
  drawing.box({ x: 754, y: 222, width: 103, height: 72 }, {
    kind: "ours",
    title: "agents",
    lines: ["the same"],
    copies: 1,
  });
  drawing.label([808, 334], ["same rack", "first, then", "same site,", "then others"], {
    zoned: true,
  });

  drawing.zone({ x: 24, y: 454, width: 212, height: 76 }, "any machine");
  drawing.box({ x: 38, y: 484, width: 184, height: 34 }, {
    kind: "ours",
    title: "`rollcall tracker`",
  });

  // To ZooKeeper.
  drawing.arrow([[222, 79], [358, 79]], { both: true });
  drawing.label([294, 69], "plan, control");
  drawing.label([294, 97], "state of all");
  drawing.arrow([[505, 222], [505, 104]], { both: true });
  drawing.label([515, 152], "session, watches, transactions", { anchor: "start" });
  drawing.arrow([[846, 222], [846, 104]], { both: true });

  // The admin box, the agents and the feed.
  drawing.arrow([[222, 122], [284, 122], [284, 234], [360, 234]], { dashed: true });
  drawing.label([276, 190], ["rates,", "actors"], { anchor: "end" });
  drawing.arrow([[180, 142], [180, 258]], { dashed: true });
  drawing.label([170, 196], "reads the feed", { anchor: "end" });

  // The bytes.
  drawing.arrow([[222, 286], [360, 286]], { both: true, flow: "content" });
  drawing.label([291, 304], "BitTorrent", { flow: "content" });
  drawing.arrow([[362, 266], [224, 266]]);
  drawing.label([291, 258], "`.torrent`");
  drawing.arrow([[648, 258], [752, 258]], { both: true, flow: "content" });
  drawing.label([702, 246], "BitTorrent", { flow: "content" });

  // The tracker.
  drawing.arrow([[180, 366], [180, 482]]);
  drawing.label([170, 422], "announces", { anchor: "end" });
  drawing.arrow([[808, 436], [808, 501], [224, 501]]);
  drawing.arrow([[505, 436], [505, 501], [224, 501]]);
  drawing.label([372, 491], "announces: host, site, rack");
  drawing.label([372, 520], "answers: peers, and how far to fetch from");
  return drawing.toString();
}
