/**
 * `rollcall pin` on the command line: its options and help.
 *
 * @module
 */

import { type Command, Option } from "@commander-js/extra-typings";
import { DEFAULT_MARGIN_BYTES } from "../../host/pinning/memory_room.ts";
import { collect, jsonOption } from "../shared/options.ts";
import { parseRange, parseSize } from "./options.ts";

/** Adds `rollcall pin`. */
export function addPin(program: Command): void {
  program.command("pin")
    .summary("show, bring in, evict or lock the pages of files, as vmtouch does")
    .description(
      "Show how much of files is in memory; bring them in, have them leave it, or lock them there. The options of vmtouch mean\n" +
        "the same here. Files that are reached in several ways (hard links, symbolic links, paths that overlap) count once.",
    )
    .argument("[path...]", "files, and folders with all that is below them")
    .option("-t, --touch", "bring into memory what is not there", false)
    .option("-e, --evict", "have the pages leave memory, except those that a process holds", false)
    .option(
      "-l, --lock",
      "bring all into memory and lock it there, until this is told to end",
      false,
    )
    .option(
      "-d, --daemon",
      "with --lock: lock in the background, until its process is ended",
      false,
    )
    .option(
      "-w, --wait",
      "with --daemon: return when all is locked, or with what is in the way",
      false,
    )
    .option("-P, --pid-file <file>", "with --lock: where the pid of the process that locks goes")
    .option("-m, --max-file-size <size>", "leave larger files out (4k, 100M, 1.5G)", parseSize)
    .option("--max-bytes <size>", "with --lock: refuse to lock more than that in all", parseSize)
    .addOption(
      new Option("--margin <size>", "with --lock: how much memory has to stay free for others")
        .argParser(parseSize).default(DEFAULT_MARGIN_BYTES, "256M"),
    )
    .option("-p, --range <range>", "a part of each file (4k-50k, 100M-, -5M, 5M)", parseRange)
    .option(
      "-i, --ignore <pattern>",
      "leave out files and folders of such names; again for more",
      collect,
      [],
    )
    .option("-I, --only <pattern>", "only files of such names; again for more", collect, [])
    .option("-f, --follow", "follow symbolic links below the paths", false)
    .option("-F, --one-file-system", "leave out what is mounted below the paths", false)
    .option("-b, --batch <file>", "read paths from this list, one a line; - is standard input")
    .option("-0, --nul", "with --batch: a NUL byte ends each path", false)
    .option("--check", "end with status 1 unless all of it is in memory", false)
    .option("-v, --verbose", "show each file, with a map of its pages", false)
    .option("-q, --quiet", "print nothing but errors", false)
    .addOption(jsonOption("print one object; with --verbose, each file as well"))
    .addHelpText(
      "after",
      `
Examples:
  rollcall pin /srv/web                       how much of it is in memory
  rollcall pin -tv /srv/web                   bring it in, and show each file
  rollcall pin -l -d -w -P /run/web.pin -m 64G /srv/web
                                              lock it in the background; go on when that is done
  find /srv -name '*.idx' | rollcall pin --check -b -

Exit status: 0 done, 1 failed (or --check did not hold), 2 wrong usage, 130 interrupted.`,
    )
    .action(async (paths, options) => (await import("./pin.ts")).runPin(paths, options));
}
