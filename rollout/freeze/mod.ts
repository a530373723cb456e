/**
 * Freeze windows: times in which no host begins to switch.
 *
 * @module
 */

export * from "./freeze.ts";
export {
  freezeInputSchema,
  freezeSchema,
  type FreezeWindow,
  freezeWindowSchema,
} from "./freeze_window.ts";
