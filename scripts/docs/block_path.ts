/**
 * The picture of a block's way: from the socket to the disk.
 *
 * @module
 */

import { Drawing } from "./drawing.ts";

/** Draws a block's way from the socket to the disk, as SVG. */
export function blockPath(): string {
  const drawing = new Drawing({
    title: "A block, from the socket to the disk",
    description:
      "PeerSocket reads the bytes of a connection, FrameReader takes them apart into messages, PeerDownload finds the request that " +
      "the block answers, and its bytes are copied once, into the buffer of their piece. A piece that is complete is hashed, on " +
      "this thread or on another. If it matches, it is written to the files and claimed in the journal, and the peers hear of it; " +
      "if not, its sender is banned. Behind that the files are synced, and each file is hashed by a worker.",
    height: 706,
  });
  connection(drawing);
  piece(drawing);
  disk(drawing);
  return drawing.toString();
}

function connection(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 20, width: 852, height: 140 },
    "one connection",
    "`torrent/swarm/wire`, `torrent/swarm/peer`",
  );
  const boxes = [
    { width: 110, kind: "plain", title: "socket", lines: ["read without", "a pause"] },
    {
      width: 180,
      kind: "ours",
      title: "`PeerSocket`",
      lines: ["into a buffer of", "64 KiB to 1 MiB"],
    },
    {
      width: 208,
      kind: "ours",
      title: "`FrameReader`",
      lines: ["messages; a block's bytes", "go on as they come"],
    },
    {
      width: 208,
      kind: "ours",
      title: "`PeerDownload`",
      lines: ["the request that it answers;", "nothing else is taken"],
    },
  ] as const;
  let x = 40;
  for (const [index, { width, kind, title, lines }] of boxes.entries()) {
    drawing.box({ x, y: 58, width, height: 84 }, { kind, title, lines });
    if (index > 0) drawing.arrow([[x - 38, 100], [x - 2, 100]], { flow: "content" });
    x += width + 38;
  }
}

function piece(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 206, width: 852, height: 236 },
    "one piece",
    "`torrent/swarm/pieces`; 64 KiB to 16 MiB",
  );
  drawing.arrow([[756, 142], [756, 242]], { flow: "content" });
  drawing.label([744, 188], "the only copy", { anchor: "end", flow: "content" });
  drawing.box({ x: 652, y: 244, width: 208, height: 84 }, {
    kind: "ours",
    title: "`RequestScheduler`",
    lines: ["the piece's buffer; at most", "96 MiB of all pieces"],
  });
  drawing.box({ x: 406, y: 244, width: 208, height: 84 }, {
    kind: "ours",
    title: "`PieceCompletion`",
    lines: ["all blocks are here: nobody", "is asked for it any more"],
  });
  drawing.box({ x: 188, y: 244, width: 180, height: 84 }, {
    kind: "ours",
    title: "`PieceHasher`",
    lines: ["SHA-1, on this thread", "or on another"],
  });
  drawing.arrow([[652, 286], [616, 286]], { flow: "content" });
  drawing.arrow([[406, 286], [370, 286]], { flow: "content" });
  drawing.box({ x: 40, y: 358, width: 328, height: 66 }, {
    kind: "plain",
    title: "other threads",
    lines: [
      "`libcrypto`; up to 4 pieces of 1 MiB or more,",
      "while the process uses a whole processor",
    ],
  });
  drawing.arrow([[278, 328], [278, 356]], { both: true });
  drawing.box({ x: 406, y: 358, width: 208, height: 66 }, {
    kind: "plain",
    title: "`SmartBan`",
    lines: ["no match: sender banned,", "piece fetched again"],
  });
  drawing.arrow([[510, 328], [510, 356]], { flow: "failure" });
  drawing.box({ x: 652, y: 358, width: 208, height: 66 }, {
    kind: "ours",
    title: "`PieceWriter`",
    lines: ["matches; waits while", "the disk is full"],
  });
  drawing.arrow([[590, 328], [590, 344], [756, 344], [756, 356]], { flow: "content" });
}

function disk(drawing: Drawing): void {
  drawing.zone(
    { x: 24, y: 488, width: 852, height: 198 },
    "one release",
    "`torrent/content`, `torrent/swarm`",
  );
  drawing.arrow([[756, 424], [756, 524]], { flow: "content" });
  drawing.label([744, 470], "one write", { anchor: "end", flow: "content" });
  drawing.box({ x: 652, y: 526, width: 208, height: 66 }, {
    kind: "kept",
    title: "`ContentStore`",
    lines: ["the files of the release,", "in the page cache"],
  });
  drawing.box({ x: 406, y: 526, width: 208, height: 66 }, {
    kind: "kept",
    title: "`TransferFiles`",
    lines: ["claims the written piece", "in its `ResumeJournal`"],
  });
  drawing.box({ x: 40, y: 526, width: 328, height: 66 }, {
    kind: "ours",
    title: "`Swarm`",
    lines: ["tells every peer that we have it,", "and suggests it to some"],
  });
  drawing.arrow([[652, 559], [616, 559]]);
  drawing.arrow([[406, 559], [370, 559]]);
  drawing.box({ x: 406, y: 624, width: 454, height: 46 }, {
    kind: "ours",
    title: "`WriteBehind`",
    lines: ["syncs every 64 MiB; drops pages that will not be locked"],
  });
  drawing.arrow([[756, 592], [756, 622]]);
  drawing.box({ x: 40, y: 624, width: 328, height: 46 }, {
    kind: "ours",
    title: "`FileCheck`",
    lines: ["a worker: the SHA-256 of each whole file"],
  });
  drawing.arrow([[450, 592], [450, 608], [204, 608], [204, 622]]);
}
