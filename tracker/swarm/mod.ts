/**
 * The state of the tracker: a `Swarm` per release, all of them in `Swarms`. An announce comes in from a frontend, changes
 * the members (`tracker/members`), and goes out as the answer that `tracker/handout` has selected. Members that stop
 * announcing leave by `MemberTimeouts`; bytes that crossed borders are added up in `Traffic`.
 */

export * from "./swarm.ts";
export * from "./swarms.ts";
