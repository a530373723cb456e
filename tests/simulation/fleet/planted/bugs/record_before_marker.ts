import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The record of a failure goes, and the host counts as ready by it for a moment longer.",
  changes: [{
    file: "actors/upgrade_coordinator/counted_by.ts",
    find: 'next.kind === "give_slot_back" ? undefined : ',
    replace: "",
  }],
  checks: ["I3 quorum"],
  kinds: ["obstacle"],
};
