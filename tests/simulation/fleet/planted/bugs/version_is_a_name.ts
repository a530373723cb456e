import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Two releases of the same version count as the same, whatever their content is.",
  changes: [
    {
      file: "rollout/release_identity.ts",
      find:
        "  return one.version !== null && one.version === other.version && one.infoHash !== undefined &&\n    other.infoHash !== undefined && one.infoHash !== other.infoHash;",
      replace: "  return one === null;",
    },
  ],
  checks: ["I4 identity"],
  kinds: ["republish"],
};
