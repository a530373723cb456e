import assert from "node:assert/strict";
import { join } from "node:path";
import { pageSizeBytes } from "../../../ffi/mod.ts";
import { isGone } from "../host/support.ts";
import { PROGRAM, rollcall } from "./rollcall_process.ts";

const MEBIBYTE = 1024 * 1024;
/** No test depends on how much memory is left on the machine. */
const NO_MARGIN = ["--margin", "0"];

async function withFiles(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-pin-test-" });
  try {
    await Deno.mkdir(join(folder, "files"));
    await Deno.writeFile(join(folder, "files", "large"), new Uint8Array(3 * MEBIBYTE).fill(1));
    await Deno.link(join(folder, "files", "large"), join(folder, "files", "again"));
    await Deno.writeFile(join(folder, "files", "small"), new Uint8Array(10));
    await Deno.writeFile(join(folder, "files", "empty"), new Uint8Array());
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function lockedBytesOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(/^VmLck:\s+(\d+) kB$/m)?.[1]) * 1024;
}

/** Polls until it holds; fails after 30 s, far beyond what any of it takes. */
async function eventually(probe: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("expected it to hold within 30 s");
}

Deno.test("rollcall pin evicts, reports, touches, and says by its status whether all is there", async () => {
  await withFiles(async (folder) => {
    const files = join(folder, "files");
    const pages = 3 * MEBIBYTE / pageSizeBytes() + 1;
    const evicted = await rollcall("pin", "-e", files);
    assert.equal(evicted.status, 0, evicted.stderr);
    assert.match(evicted.stdout, new RegExp(`^ {3}Evicted Pages: ${pages} \\(3M\\)$`, "m"));
    const report = JSON.parse((await rollcall("pin", "--json", "-v", files)).stdout);
    assert.deepEqual(
      [report.action, report.files, report.folders, report.pages, report.residentPages],
      ["resident", 3, 1, pages, 0],
    );
    assert.equal(report.list.length, 3);
    const unmet = await rollcall("pin", "--check", "-q", files);
    assert.equal(unmet.status, 1);
    assert.match(unmet.stderr, new RegExp(`expected all ${pages} pages in memory, 0 are`));
    const touched = await rollcall("pin", "-t", "-v", files);
    assert.match(touched.stdout, new RegExp(`\\[O{60}\\] ${pages - 1}/${pages - 1}$`, "m"));
    assert.match(touched.stdout, new RegExp(`^ {3}Touched Pages: ${pages} \\(3M\\)$`, "m"));
    const met = await rollcall("pin", "--check", files);
    assert.equal(met.status, 0, met.stderr);
    assert.match(met.stdout, new RegExp(`^  Resident Pages: ${pages}/${pages}  3M/3M  100%$`, "m"));
  });
});

Deno.test("rollcall pin shows no name of a file as a terminal would obey it, and names the option that is missing", async () => {
  // Regression: what was left out was written as it is, and --nul was called --null.
  await withFiles(async (folder) => {
    const files = join(folder, "files");
    await Deno.writeFile(join(files, "large\x1b[2Jname"), new Uint8Array(3 * MEBIBYTE));
    const { stderr } = await rollcall("pin", "-m", "1M", files);
    assert.match(stderr, /left out .*large.*name: it has 3145728 bytes/);
    assert.ok(!stderr.includes("\x1b"), JSON.stringify(stderr));
    const missing = await rollcall("pin", "-0", files);
    assert.deepEqual([missing.status, missing.stderr.split("\n")[0]], [
      2,
      "rollcall: pin: --nul needs --batch",
    ]);
  });
});

Deno.test("rollcall pin leaves out what is too large or not asked for, and says so", async () => {
  await withFiles(async (folder) => {
    const files = join(folder, "files");
    const limited = await rollcall("pin", "-m", "1M", files);
    assert.equal(limited.status, 0);
    assert.match(limited.stdout, /^ {11}Files: 2$/m);
    assert.match(limited.stderr, /left out .*\/files\/(large|again): it has 3145728 bytes/);
    const ranged = await rollcall("pin", "--json", "-p", "1M-2M", "-I", "l*", "-I", "a*", files);
    assert.equal(JSON.parse(ranged.stdout).sizeBytes, MEBIBYTE);
  });
});

Deno.test("rollcall pin: what is wrong is one message, with status 2 for usage and 1 for failure", async () => {
  const runs = [
    [2, /expected files or folders, there were none/, await rollcall("pin")],
    [2, /--daemon needs --lock/, await rollcall("pin", "-d", "/tmp")],
    [2, /expected a size such as .*, was "much"/, await rollcall("pin", "-m", "much", "/tmp")],
    [2, /expected a range such as .*, was "9-1"/, await rollcall("pin", "-p", "9-1", "/tmp")],
    [1, /pin \/not\/there: expected a file or folder/, await rollcall("pin", "/not/there")],
    [
      1,
      /expected at most 4096 bytes/,
      await rollcall("pin", "-l", "--max-bytes", "4k", PROGRAM, import.meta.filename!),
    ],
  ] as const;
  for (const [status, message, run] of runs) {
    assert.equal(run.status, status, run.stderr);
    assert.match(run.stderr.replaceAll(/\n\s*/g, " "), message);
    assert.doesNotMatch(run.stderr, /\n\s+at /);
  }
});

Deno.test("rollcall pin -l -d -w returns when all is locked, and its process holds it until it is ended", async () => {
  await withFiles(async (folder) => {
    const [files, pidFile] = [join(folder, "files"), join(folder, "pid")];
    const run = await rollcall("pin", ...NO_MARGIN, "-l", "-d", "-w", "-P", pidFile, files);
    assert.equal(run.status, 0, run.stderr);
    const pid = Number(await Deno.readTextFile(pidFile));
    try {
      assert.match(run.stdout, new RegExp(`LOCKED 3145738 bytes in 3 files; process ${pid} holds`));
      assert.equal(lockedBytesOf(pid), 3 * MEBIBYTE + pageSizeBytes());
      // A file that was replaced by a longer one is locked like the one before.
      await Deno.writeFile(join(folder, "new"), new Uint8Array(3 * pageSizeBytes()));
      await Deno.rename(join(folder, "new"), join(files, "small"));
      await eventually(() => lockedBytesOf(pid) === 3 * MEBIBYTE + 3 * pageSizeBytes());
    } finally {
      Deno.kill(pid, "SIGTERM");
    }
    await eventually(() => isGone(pid));
    await assert.rejects(Deno.stat(pidFile), Deno.errors.NotFound);
  });
});

Deno.test("rollcall pin -l tells the service manager when all is locked, and ends well when it is told to", async () => {
  await withFiles(async (folder) => {
    const socket = join(folder, "notify");
    const manager = Deno.listenDatagram({ transport: "unixpacket", path: socket });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, "pin", ...NO_MARGIN, "-l", "--json", join(folder, "files")],
      env: { NOTIFY_SOCKET: socket },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const [message] = await manager.receive();
    manager.close();
    assert.equal(new TextDecoder().decode(message), "READY=1");
    assert.equal(lockedBytesOf(child.pid), 3 * MEBIBYTE + pageSizeBytes());
    child.kill("SIGTERM");
    const { code, stdout } = await child.output();
    assert.equal(code, 0);
    const { action, pid, residentBytes } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual([action, pid, residentBytes], ["locked", child.pid, 3 * MEBIBYTE + 10]);
  });
});
