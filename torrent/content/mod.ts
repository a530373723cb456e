/**
 * A release's content on this host's disk. An engine hands verified pieces in, `TransferFiles` writes them with
 * `ContentStore` and notes them in the resume journal; at the next start `resume_check.ts` decides what of it is believed.
 * The files' SHA-256 are checked while they arrive (`file_check.ts`) and at the end (`verify_release.ts`).
 */

export * from "./content_layout.ts";
export * from "./content_room.ts";
export * from "./content_store.ts";
export * from "./disk_error.ts";
export * from "./piece_set.ts";
export * from "./prepare_files.ts";
export * from "./present_blocks.ts";
export * from "./resident_pages.ts";
export * from "./resume_check.ts";
export * from "./resume_journal.ts";
export * from "./transfer_files.ts";
export * from "./verify_release.ts";
export { type PagePolicy } from "./write_behind.ts";
