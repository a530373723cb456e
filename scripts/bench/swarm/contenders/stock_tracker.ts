/** npm:bittorrent-tracker with its own choice of peers, which is uniformly random. Usage: stock_tracker.ts ADDRESS:PORT */

import Server from "bittorrent-tracker/server";

const [hostname = "", port = ""] = (Deno.args[0] ?? "").split(":");
// With its default announce interval of 10 minutes, the first peers would never hear of those that came later.
const INTERVAL_MS = 5_000;

// The package has no types; this is the part that is used.
const StockServer = Server as unknown as new (options: object) => {
  once(event: string, listener: () => void): void;
  listen(port: number, hostname: string): void;
};
const server = new StockServer({
  http: true,
  udp: false,
  ws: false,
  stats: false,
  interval: INTERVAL_MS,
});
server.once("listening", () => {
  Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));
});
server.listen(Number(port), hostname);
