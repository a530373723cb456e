// bittorrent-tracker's own server, on Deno, as it comes.
import Server from "bittorrent-tracker/server";

const port = Number(Deno.args[0]);
const server = new Server({ http: true, udp: true, ws: false, stats: false });
server.on("error", (error) => {
  throw error;
});
server.on("listening", () => Deno.stdout.writeSync(new TextEncoder().encode("listening\n")));
// Its defaults bind to IPv6 as well, which one address for all three does not allow.
server.listen(port, { http: "127.0.0.1", udp: "127.0.0.1", udp6: "::1" });
