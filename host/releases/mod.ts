/** The releases on this host's disk: their folders, receipts, the current one, and the switch's journal. */

export * from "./data_dir_lock.ts";
export * from "./disk_space.ts";
export * from "./names.ts";
export * from "./release_layout.ts";
export * from "./release_receipt.ts";
export * from "./release_store.ts";
export * from "./switch_journal.ts";
