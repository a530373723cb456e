/**
 * The picture of a release's life: from `publish` to the link `current`.
 *
 * @module
 */

import { Drawing } from "./drawing.ts";

/** Draws the life of a release, as SVG. */
export function releaseLife(): string {
  const drawing = new Drawing({
    title: "The life of a release, from publish to current",
    description:
      "The build machine reads the content once, makes the .torrent, puts it into the feed and seeds it. The admin box checks the " +
      "plan and writes offer and waves in one transaction. Every host of a wave checks that the release can be locked, takes what " +
      "it has of it from other releases, fetches the rest, verifies every file, renames the folder, locks it and joins the " +
      "staging queue. Once it is admitted it takes a slot and switches, step by step; a failure takes it back.",
    height: 782,
  });
  publish(drawing);
  rollOut(drawing);
  prepare(drawing);
  change(drawing);
  // From line to line; last, so that no zone lies over them.
  drawing.arrow([[556, 126], [556, 154], [400, 154], [400, 200]]);
  drawing.arrow([[662, 256], [662, 284], [12, 284], [12, 367], [38, 367]]);
  drawing.arrow([[860, 367], [888, 367], [888, 488], [12, 488], [12, 563], [38, 563]]);
  return drawing.toString();
}

function publish(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 20, width: 852, height: 122 },
    "`rollcall publish`",
    "on the build machine",
  );
  const boxes = [
    { title: "read once", lines: ["SHA-1 of each piece,", "SHA-256 of each file"] },
    { title: "`.torrent`", lines: ["info hash: content, files,", "service, version"] },
    { title: "feed", lines: ["one content for a", "version, for ever"] },
    { title: "seeded", lines: ["from the folder", "that was published"] },
  ];
  for (const [index, { title, lines }] of boxes.entries()) {
    const x = 40 + index * 212;
    drawing.box({ x, y: 56, width: 184, height: 70 }, { kind: "ours", title, lines });
    if (index > 0) drawing.arrow([[x - 28, 91], [x - 2, 91]]);
  }
}

function rollOut(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 166, width: 852, height: 106 },
    "`rollcall rollout PLAN`",
    "from an admin box",
  );
  drawing.box({ x: 40, y: 202, width: 396, height: 54 }, {
    kind: "ours",
    title: "the plan is checked in full",
    lines: ["against the feed and the tree, before anything is written"],
  });
  drawing.box({ x: 464, y: 202, width: 396, height: 54 }, {
    kind: "kept",
    title: "one transaction",
    lines: ["the offer in `/dc/staging`, the waves in `/dc/deploy`"],
  });
  drawing.arrow([[436, 229], [462, 229]]);
}

function prepare(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 296, width: 852, height: 180 },
    "prepare",
    "each host that a queued wave covers, as soon as a watch tells it",
  );
  const boxes = [
    { title: "check", lines: ["lockable?", "`.torrent`: hash"] },
    { title: "reuse", lines: ["what other", "releases have"] },
    { title: "fetch", lines: ["pieces; each", "one's SHA-1"] },
    { title: "verify", lines: ["each file's", "SHA-256"] },
    { title: "promote", lines: ["receipt, fsync,", "one rename"] },
    { title: "lock", lines: ["by a pin", "keeper"] },
  ];
  for (const [index, { title, lines }] of boxes.entries()) {
    const x = 40 + index * 140;
    drawing.box({ x, y: 332, width: 120, height: 70 }, { kind: "ours", title, lines });
    if (index > 0) drawing.arrow([[x - 20, 367], [x - 2, 367]]);
  }
  drawing.box({ x: 180, y: 426, width: 400, height: 34 }, {
    kind: "kept",
    lines: ["`data/<S>/v2.partial/`"],
  });
  drawing.box({ x: 600, y: 426, width: 260, height: 34 }, {
    kind: "kept",
    lines: ["`data/<S>/v2/`, seeded from here"],
  });
  drawing.label([166, 447], "on the disk:", { anchor: "end", zoned: true });
  drawing.arrow([[580, 443], [598, 443]]);
}

function change(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 500, width: 852, height: 262 },
    "switch",
    "one host at a time, or as many as the policy allows",
  );
  drawing.box({ x: 40, y: 536, width: 150, height: 54 }, {
    kind: "kept",
    title: "staged",
    lines: ["in the queue"],
  });
  drawing.box({ x: 218, y: 536, width: 464, height: 54 }, {
    kind: "ours",
    title: "may it go down?",
    lines: ["control runs, its wave is first, a quorum is staged, its turn, the budget"],
  });
  drawing.box({ x: 710, y: 536, width: 150, height: 54 }, {
    kind: "kept",
    title: "slot",
    lines: ["one transaction"],
  });
  drawing.arrow([[190, 563], [216, 563]]);
  drawing.arrow([[682, 563], [708, 563]]);
  drawing.arrow([[785, 590], [785, 606], [92, 606], [92, 622]]);
  const steps = ["draining", "stopping", "pointing", "starting", "checking", "baking", "reporting"];
  for (const [index, step] of steps.entries()) {
    const x = 40 + index * 119.5;
    drawing.box({ x, y: 624, width: 103, height: 34 }, { kind: "ours", lines: [`\`${step}\``] });
    if (index > 0) drawing.arrow([[x - 16.5, 641], [x - 2, 641]]);
  }
  drawing.box({ x: 218, y: 692, width: 226, height: 54 }, {
    kind: "kept",
    title: "`current` → `v2`",
    lines: ["in one rename"],
  });
  drawing.arrow([[330.5, 658], [330.5, 690]]);
  drawing.box({ x: 464, y: 692, width: 226, height: 54 }, {
    kind: "plain",
    title: "`rolling_back`",
    lines: ["the old release; slot `failed`"],
  });
  drawing.arrow([[569.5, 658], [569.5, 690]], { flow: "failure" });
  drawing.arrow([[640, 658], [640, 690]], { flow: "failure" });
  drawing.label([648, 680], "a step fails", { anchor: "start", flow: "failure", zoned: true });
  drawing.box({ x: 710, y: 692, width: 150, height: 54 }, {
    kind: "kept",
    title: "slot given back",
    lines: ["`v1` unlocked, kept"],
  });
  drawing.arrow([[808.5, 658], [808.5, 690]]);
}
