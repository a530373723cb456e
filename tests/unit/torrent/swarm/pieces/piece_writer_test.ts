/** Verified pieces on their way to the disk, while it is full, broken, or about to be left. */

import assert from "node:assert/strict";
import { diskError } from "../../../../../torrent/content/disk_error.ts";
import type { TransferError } from "../../../../../torrent/errors.ts";
import { TransferFiles } from "../../../../../torrent/content/transfer_files.ts";
import { PieceWriter } from "../../../../../torrent/swarm/pieces/piece_writer.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";
import { bareRelease } from "../bare_release.ts";

const PIECE = 16 * 1024;

function setUp() {
  const disk = { error: undefined as string | undefined, written: [] as [number, number][] };
  const files = new TransferFiles(bareRelease(4 * PIECE, PIECE), "/nowhere", {});
  Object.assign(files.store, {
    write(offsetBytes: number, bytes: Uint8Array) {
      if (disk.error !== undefined) {
        throw diskError("write", "/nowhere", Object.assign(new Error("no"), { code: disk.error }));
      }
      disk.written.push([offsetBytes, bytes[0] ?? 0]);
    },
  });
  const clock = new ManualClock();
  const stop = new AbortController();
  const told: string[] = [];
  const writer = new PieceWriter({
    files,
    clock,
    signal: stop.signal,
    onWritten: (index) => told.push(`written ${index}`),
    onPaused: (error: TransferError) => told.push(`paused ${error.code}`),
    onContinued: () => told.push("continued"),
    onFailed: (error: TransferError) => told.push(`failed ${error.code}`),
  });
  return { disk, files, clock, stop, told, writer };
}

const piece = (fill: number) => new Uint8Array(PIECE).fill(fill);

Deno.test("PieceWriter: a piece is written where it belongs, and counts as verified", () => {
  const { disk, files, told, writer } = setUp();
  writer.write(2, piece(7));
  assert.deepEqual(disk.written, [[2 * PIECE, 7]]);
  assert.deepEqual(told, ["written 2"]);
  assert.ok(files.verified.has(2));
});

Deno.test("PieceWriter: while the disk is full one piece waits, with the bytes that it had", async () => {
  const { disk, files, clock, told, writer } = setUp();
  disk.error = "ENOSPC";
  const bytes = piece(7);
  writer.write(1, bytes);
  bytes.fill(9);
  assert.ok(writer.isPaused);
  await clock.advanceSettled(10_000);
  assert.deepEqual(told, ["paused disk_full"]);
  assert.equal(files.verified.has(1), false);
  disk.error = undefined;
  await clock.advanceSettled(10_000);
  assert.deepEqual(told, ["paused disk_full", "continued", "written 1"]);
  assert.deepEqual(disk.written, [[PIECE, 7]]);
  assert.equal(writer.isPaused, false);
  await writer.ended();
});

Deno.test("PieceWriter: a disk that fails otherwise is told, and the piece is not verified", () => {
  const { disk, files, told, writer } = setUp();
  disk.error = "EIO";
  writer.write(1, piece(7));
  assert.deepEqual(told, ["failed disk_failed"]);
  assert.equal(files.verified.has(1), false);
  assert.equal(writer.isPaused, false);
});

Deno.test("PieceWriter: a transfer that ends waits for no room", async () => {
  const { disk, clock, stop, told, writer } = setUp();
  disk.error = "ENOSPC";
  writer.write(1, piece(7));
  stop.abort();
  await writer.ended();
  assert.deepEqual(told, ["paused disk_full"]);
  assert.equal(clock.waiting, 0);
});
