/**
 * Formats numbers and times for the coordinator's page, and escapes text for HTML.
 *
 * @module
 */

/** Formats a number: `12,345`. */
export function formatCount(value: number): string {
  return value.toLocaleString("en");
}

/** Formats a size: `512 B`, `1.5 KiB`, `3.0 MiB`. */
export function formatBytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1024 ** 2).toFixed(1)} MiB`;
}

/** Formats a duration: `0.4 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Formats a time in the past: `3 min 20 s ago`. A time in the future (the clock was put back) is `just now`. */
export function formatAgo(thenMs: number, nowMs: number): string {
  if (thenMs === 0) return "at the start";
  return nowMs - thenMs < 1_000 ? "just now" : `${formatDuration(nowMs - thenMs)} ago`;
}

/** Formats a time: `2024-05-01 12:00:00 UTC`. */
export function formatUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML: who writes a node must not be able to write the page. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
