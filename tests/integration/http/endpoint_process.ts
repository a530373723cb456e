/** The agent's endpoint alone, in a process of its own; prints its URL as JSON. */

import { endpointActor } from "../../../actors/endpoint/endpoint.ts";
import type { RegistrarMessage } from "../../../actors/registrar/messages.ts";
import { ActorSystem } from "../../../actors/runtime/mod.ts";

function write(stream: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

const log = (message: string, properties?: Record<string, unknown>) =>
  write(Deno.stderr, message.replace(/\{(\w+)\}/g, (_, name) => `${properties?.[name]}`));
const system = ActorSystem.create({
  name: "test",
  log: { debug() {}, info() {}, warn: log, error: log },
});
const registrar = system.spawn("registrar", {
  init: () => null,
  receive(state: null, message: RegistrarMessage) {
    if (message.type === "list") message.replyTo.tell([]);
    return state;
  },
});
system.spawn(
  "endpoint",
  endpointActor({
    listen: { hostname: "127.0.0.1", port: 0 },
    registrar,
    actors: () => system.tree(),
    actorsPort: 1,
    onListening: (endpoint) => write(Deno.stdout, JSON.stringify({ endpoint })),
  }),
);
