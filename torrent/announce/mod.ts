/**
 * Announces of one transfer to HTTP trackers. `Announcer` decides when to announce and to which tracker,
 * `announce_request.ts` sends one announce and checks the reply. The transfer's state goes out to the tracker; peers, the
 * reach and the next interval come back to the engine.
 */

export * from "./announce_request.ts";
export * from "./announcer.ts";
