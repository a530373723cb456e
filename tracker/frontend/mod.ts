/**
 * What reads the tracker's requests from the network: HTTP (`http.ts`) and UDP (`udp.ts`) on one port, parsed and bounded.
 * Announces and scrapes go to `tracker/swarm`, other requests to the pages of `tracker/stats`, and the answers go back
 * encoded. `bittorrent_tracker/` is another frontend of the same interface, on the server of a package.
 */

export * from "./frontend.ts";
export * from "./native.ts";
