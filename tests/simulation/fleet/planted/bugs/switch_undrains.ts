import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that is drained is sent work again when it has switched, and nobody sees to that.",
  changes: [{
    file: "actors/upgrade_coordinator/hooks.ts",
    find: '  if (name === "undrain" && tools.isDrained) {\n',
    replace: '  if (name === "undrain" && tools.isDrained && tools.signal.aborted) {\n',
  }, {
    file: "actors/upgrade_coordinator/machine/drain.ts",
    find: "  const isOut = out !== null && (pid === null || pid === out.pid);\n",
    replace: "  const isOut = out !== null && (pid === null || pid !== 0);\n",
  }],
  checks: ["I7 drained"],
  kinds: ["drain"],
};
