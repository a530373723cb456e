/**
 * Reads a watch notification from the wire.
 *
 * @module
 */

import type { WatchEvent } from "../../types.ts";
import type { JuteReader } from "../../wire/jute.ts";
import { eventTypes } from "../../wire/protocol.ts";

const names = new Map<number, WatchEvent["type"]>([
  [eventTypes.created, "created"],
  [eventTypes.deleted, "deleted"],
  [eventTypes.dataChanged, "data_changed"],
  [eventTypes.childrenChanged, "children_changed"],
]);

/** Reads an event, with the server's path; undefined for an event that is not about a node. */
export function readNotification(reader: JuteReader): WatchEvent | undefined {
  const type = names.get(reader.int());
  // The keeper state, which is always "connected" here.
  reader.int();
  const path = reader.string();
  return type === undefined ? undefined : { type, path };
}
