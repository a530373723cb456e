/**
 * Which wave a service's hosts go by: the one function that says what is next in the deploy queue.
 *
 * @module
 */

/** A wave in the deploy queue. */
export interface QueuedNode {
  /** Name of its node. */
  readonly node: string;
  /** The service that it upgrades. */
  readonly service: string;
}

/**
 * The wave that is next for a service: its first one, unless an earlier wave goes before it; then that one. Every earlier wave
 * does, whichever service it is for, unless the wave says of which services alone (`after`): then services that have nothing
 * to do with each other go at the same time. For a service without a wave it is the head of the queue.
 *
 * @param queue The deploy queue, in order.
 * @param afterOf The services whose earlier waves go before a wave; `undefined`: all.
 * @returns Its node; `null` if the queue is empty.
 */
export function headOfQueue(
  service: string,
  queue: readonly QueuedNode[],
  afterOf: (node: string) => readonly string[] | undefined,
): string | null {
  const [first] = queue;
  const own = queue.findIndex((wave) => wave.service === service);
  if (first === undefined || own <= 0) return first?.node ?? null;
  const wave = queue[own];
  const after = wave === undefined ? undefined : afterOf(wave.node);
  if (wave === undefined || after === undefined) return first.node;
  return queue.slice(0, own).find((earlier) => after.includes(earlier.service))?.node ?? wave.node;
}
