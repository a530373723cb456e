/**
 * Who takes part in a swarm, and in which site and rack: pure bookkeeping without clock, network or decisions. An announce
 * comes in from `tracker/swarm`, which keeps the members here; `tracker/handout` reads them to choose whom to hand out.
 * `Member` is one peer, `MemberIndex` the members of one group in buckets, `Members` all of a swarm.
 */

export * from "./announce.ts";
export * from "./member.ts";
export * from "./member_index.ts";
export * from "./members.ts";
export * from "./subnet_map.ts";
export * from "./unverified_seeds.ts";
