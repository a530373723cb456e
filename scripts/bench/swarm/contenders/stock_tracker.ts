/** bittorrent-tracker as it comes: uniformly random peers. stock_tracker.ts ADDRESS:PORT */

import Server from "bittorrent-tracker/server";

const [hostname = "", port = ""] = (Deno.args[0] ?? "").split(":");
// Its announce interval of 10 minutes would leave those who came first with the peers that were there then.
const INTERVAL_MS = 5_000;

// The package has no types; no more than this is used of it.
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
