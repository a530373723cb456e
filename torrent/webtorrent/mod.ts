/** The engine on WebTorrent. */

export * from "./engine.ts";
