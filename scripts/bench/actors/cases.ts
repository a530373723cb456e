/** What is measured, in which unit, and which way is better. */

/** One case of the benchmark. */
export interface Case {
  readonly name: string;
  readonly unit: string;
  /** Whether more is better; else less is. */
  readonly more: boolean;
  readonly what: string;
}

/** Cases that count operations per second. */
export const RATES: readonly Case[] = [
  {
    name: "tell",
    unit: "messages/s",
    more: true,
    what: "batches of 10,000 to one actor, each waited for until the last is handled in its order",
  },
  {
    name: "ask",
    unit: "asks/s",
    more: true,
    what:
      "one after the other, with a deadline of 5 s where there is such a thing, answers checked",
  },
  {
    name: "ping-pong",
    unit: "messages/s",
    more: true,
    what: "two actors, 10,000 messages to and fro, waited for until the last is handled",
  },
  {
    name: "spawn and stop",
    unit: "actors/s",
    more: true,
    what: "1,000 actors (Comedy: 100), waited for until each has ended",
  },
];

/** Cases in which a question leaves its thread, or its process. */
export const CROSSINGS: readonly Case[] = [
  {
    name: "message through a worker",
    unit: "questions/s",
    more: true,
    what: "an actor in a Web Worker is asked, 100 questions under way, each answer checked",
  },
  {
    name: "remote ask",
    unit: "asks/s",
    more: true,
    what:
      "an actor in another process, over TCP on loopback (Comedy: a forked process and its pipe), " +
      "one ask after the other, answers checked",
  },
];

/** The memory of one idle actor. */
export const MEMORY: Case = {
  name: "idle actor",
  unit: "bytes",
  more: false,
  what: "heap after a collection, per actor, of 100,000 (Comedy, when quick: 20,000) that wait",
};

/** How late others in the process come while an actor tells itself to go on without end. */
export const DELAYS: readonly Case[] = [
  {
    name: "timer under load, p99",
    unit: "ms late",
    more: false,
    what: "a timer of 2 ms in a process with one busy actor",
  },
  {
    name: "socket under load, median",
    unit: "ms",
    more: false,
    what: "a byte over loopback and back in a process with one busy actor",
  },
];

/** Every case, in the order of the tables. */
export const CASES: readonly Case[] = [...RATES, ...CROSSINGS, MEMORY, ...DELAYS];
