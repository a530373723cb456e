/**
 * The releases on this host's disk: their folders and receipts, which one is current, and the journal
 * of a switch. The agent's fetcher, pinner and upgrade coordinator call in here; names.ts and
 * release_layout.ts decide which paths there are, release_store.ts changes what is at them.
 */

export * from "./data_dir_lock.ts";
export * from "./names.ts";
export * from "./release_layout.ts";
export * from "./release_receipt.ts";
export * from "./release_store.ts";
export * from "./switch_journal.ts";
