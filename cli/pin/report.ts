/**
 * What `rollcall pin` shows: which pages of which files are in memory. The summary and the map are those of vmtouch, whose
 * lines scripts know.
 *
 * @module
 */

import { cachedBytes, pageSizeBytes } from "../../ffi/mod.ts";
import type { PinFile, SelectedFiles } from "../../host/pinning/pin_selection.ts";

/** Cells of a file's map. */
const MAP_CELLS = 60;

/** How much of the files is in memory. */
export interface PinReport {
  readonly files: number;
  readonly folders: number;
  readonly sizeBytes: number;
  readonly residentBytes: number;
  readonly pages: number;
  readonly residentPages: number;
}

/** A file's share of a report. */
export interface FileReport {
  readonly path: string;
  readonly pages: number;
  readonly residentPages: number;
}

/** Asks the kernel about every file, in their order; `onFile` is told of each. */
export function reportFiles(
  { files, foldersCount }: SelectedFiles,
  onFile: (file: PinFile, report: FileReport) => void = () => {},
): PinReport {
  let [sizeBytes, residentBytes, pages, residentPages] = [0, 0, 0, 0];
  for (const file of files) {
    const bytes = cachedBytes(file.path, file.sizeBytes, file);
    const counts = { pages: pagesOf(file.sizeBytes), residentPages: pagesOf(bytes) };
    sizeBytes += file.sizeBytes;
    residentBytes += bytes;
    pages += counts.pages;
    residentPages += counts.residentPages;
    onFile(file, { path: file.path, ...counts });
  }
  return {
    files: files.length,
    folders: foldersCount,
    sizeBytes,
    residentBytes,
    pages,
    residentPages,
  };
}

/** A file's map: each cell is as many pages, `O` all of them in memory, `o` some, a space none. */
export function renderMap({ path, sizeBytes, offsetBytes = 0 }: PinFile): string {
  const pages = pagesOf(sizeBytes);
  const cells = Math.min(MAP_CELLS, pages);
  const page = pageSizeBytes();
  let map = "";
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor(cell * pages / cells) * page;
    const to = Math.min(Math.floor((cell + 1) * pages / cells) * page, sizeBytes);
    const bytes = cachedBytes(path, to - from, { offsetBytes: offsetBytes + from });
    map += bytes === 0 ? " " : bytes >= to - from ? "O" : "o";
  }
  return `[${map.padEnd(MAP_CELLS)}]`;
}

/** What was done to the pages, if anything. */
export type PinAction = "Resident" | "Touched" | "Evicted" | "Locked";

/** The summary, in vmtouch's lines. */
export function renderSummary(
  report: PinReport,
  { action, seconds }: { readonly action: PinAction; readonly seconds: number },
): string {
  const { files, folders, pages, residentPages } = report;
  const share = pages === 0 ? "" : `  ${toThreeDigits(100 * residentPages / pages)}%`;
  const counts = action === "Resident"
    ? `${residentPages}/${pages}  ${shortSize(residentPages)}/${shortSize(pages)}${share}`
    : `${pages} (${shortSize(pages)})`;
  const lines = [
    ["Files", `${files}`],
    ["Directories", `${folders}`],
    [`${action} Pages`, counts],
    ["Elapsed", `${Number(seconds.toPrecision(5))} seconds`],
  ];
  return lines.map(([name = "", value = ""]) => `${name.padStart(16)}: ${value}`).join("\n");
}

function toThreeDigits(percent: number): string {
  return `${Number(percent.toPrecision(3))}`;
}

/** As vmtouch writes sizes: whole ones, in the largest unit that leaves one. */
function shortSize(pages: number): string {
  let value = pages * pageSizeBytes();
  for (const unit of ["", "K", "M"]) {
    if (value < 1024) return `${value}${unit}`;
    value = Math.floor(value / 1024);
  }
  return `${value}G`;
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageSizeBytes());
}
