/** The page for people and the rules say the same: docs/architecture.md beside `rooms.ts`. */

import assert from "node:assert/strict";
import { ROOMS, UNRESTRICTED } from "./rooms.ts";

const PAGE = Deno.readTextFileSync(new URL("../../../docs/architecture.md", import.meta.url));

/** The floor that a room stands on, as the page's table names it. */
function floorOf(room: string): string {
  if (room === "") return "mod.ts";
  if (room === "actors/runtime" || room.startsWith("actors/runtime/")) return "actors/runtime";
  return room.split("/")[0] ?? room;
}

/** What the rules allow, floor by floor. */
function allowedByRules(): Record<string, string[]> {
  const floors: Record<string, Set<string>> = {};
  for (const [room, targets] of Object.entries(ROOMS)) {
    const floor = floorOf(room);
    const allowed = floors[floor] ??= new Set();
    for (const target of targets) if (floorOf(target) !== floor) allowed.add(floorOf(target));
  }
  return Object.fromEntries(Object.entries(floors).map(([floor, set]) => [floor, [...set].sort()]));
}

/** What the page's table allows. */
function allowedByPage(): Record<string, string[]> {
  const [, table = ""] = /\n\| floor [^\n]*\n\| -[^\n]*\n((?:\|[^\n]*\n)+)/.exec(PAGE) ?? [];
  return Object.fromEntries(
    table.trim().split("\n").map((row) => {
      const [, floor = "", , allowed = ""] = row.split("|").map((cell) => cell.trim());
      return [
        floor.replaceAll("`", ""),
        [...allowed.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).sort(),
      ];
    }),
  );
}

/** The rooms of the page's tree, by path. */
function roomsOfPage(): string[] {
  const [, tree = ""] = /\n```text\n(actors\/\n[\s\S]*?)```/.exec(PAGE) ?? [];
  const path: string[] = [];
  return tree.trimEnd().split("\n").map((line) => {
    const [, indent = "", name = ""] = /^( *)(\S+?)\/?(?:\s|$)/.exec(line) ?? [];
    path.length = indent.length / 2;
    path.push(name);
    return path.join("/");
  });
}

Deno.test("docs/architecture.md: the table of floors allows what the rules allow", () => {
  assert.deepEqual(allowedByPage(), allowedByRules());
});

Deno.test("docs/architecture.md: the tree of rooms has every room, and no other", () => {
  const rooms = roomsOfPage();
  assert.equal(new Set(rooms).size, rooms.length, "a room stands there twice");
  // A folder that only holds rooms is none itself, but has to stand above them.
  const isFolderOfRooms = (path: string) =>
    Object.keys(ROOMS).some((room) => room.startsWith(`${path}/`));
  assert.deepEqual(
    rooms.filter((path) => path in ROOMS || !isFolderOfRooms(path)).sort(),
    Object.keys(ROOMS).filter((room) => room !== "").sort(),
  );
});

Deno.test("docs/architecture.md: names the folders that may import everything", () => {
  for (const folder of UNRESTRICTED) assert.ok(PAGE.includes(`\`${folder}/\``), folder);
});
