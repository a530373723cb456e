/** Tests of which wave a host of a service goes by, as it reads the queue. */

import assert from "node:assert/strict";
import {
  decodeCensus,
  decodeQueue,
  encodeEntry,
  nextWavePaths,
  type TreePart,
  wavePath,
  wavePaths,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, SERVICE } from "../memory_tree.ts";

/** Queues waves of these services. `after`: the services that go before those of `SERVICE`; left out: all. */
function queue(tree: MemoryTree, services: readonly string[], after?: readonly string[]): string[] {
  for (const service of services) {
    const wave = {
      schema: 1,
      rollout: "r",
      service,
      version: "2",
      hosts: null,
      ...(after === undefined ? {} : { after }),
    };
    const path = wavePath(`${service}-`);
    must(
      tree.apply([{ op: "create", path, data: encodeEntry(wave), mode: "persistent_sequential" }]),
    );
  }
  return tree.children("/dc/deploy");
}

/** What a reader has that reads only the nodes that it is told to. */
function partOf(tree: MemoryTree): { part: TreePart; read: (paths: readonly string[]) => void } {
  const known = new Set<string>(["/dc/deploy"]);
  const part: TreePart = {
    node: (path) => known.has(path) || !path.startsWith("/dc/deploy/") ? tree.node(path) : null,
    children: tree.children,
  };
  return { part, read: (paths) => paths.forEach((path) => known.add(path)) };
}

function nextOf(tree: MemoryTree): string | null {
  const { part, read } = partOf(tree);
  read(wavePaths(SERVICE, part));
  read(nextWavePaths(SERVICE, part));
  const known = decodeQueue(SERVICE, part);
  const { census } = decodeCensus({ service: SERVICE, host: "web-1", places: [] }, known, part);
  assert.equal(census.wave?.node ?? null, known.next);
  // A full reading says the same.
  assert.equal(tree.read().view.wave?.node ?? null, known.next);
  return known.next;
}

Deno.test("decodeQueue: the head of the queue is next, unless the service's wave says after which services it goes", () => {
  const strict = fleet("web-1");
  const [head] = queue(strict, ["B", "C", SERVICE]);
  assert.equal(nextOf(strict), head);

  const alone = fleet("web-1");
  const own = queue(alone, ["B", "C", SERVICE], []).find((node) => node.startsWith(SERVICE));
  assert.equal(nextOf(alone), own);

  // The wave that goes before is neither the head of the queue nor the service's, and is read besides.
  const behind = fleet("web-1");
  const other = queue(behind, ["B", "C", SERVICE], ["C"]).find((node) => node.startsWith("C"));
  assert.equal(nextOf(behind), other);
});

Deno.test("decodeQueue: an empty queue has nothing that is next", () => {
  assert.equal(nextOf(fleet("web-1")), null);
});
