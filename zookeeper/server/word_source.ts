/**
 * Collects what the four-letter words answer from the parts of the server, and keeps its counters: requests received, and
 * replies and events sent, also by clients that have gone.
 *
 * @module
 */

import type { WordSource } from "./frontend/four_letter_words.ts";
import type { CoordinatorSettings } from "./options.ts";
import type { RequestProcessor } from "./requests/request_processor.ts";
import type { ClientConnection } from "./sessions/client_connection.ts";
import type { SessionTable } from "./sessions/session_table.ts";
import type { Storage } from "./storage/storage.ts";
import type { DataTree } from "./tree/data_tree.ts";
import type { WatchTable } from "./tree/watch_table.ts";

/** The parts of the server that the answers come from. */
export interface WordSourceOptions {
  tree: DataTree;
  watches: WatchTable;
  sessions: SessionTable<ClientConnection>;
  processor: RequestProcessor;
  storage: Storage;
  settings: CoordinatorSettings;
  dataDir: string | undefined;
  startedMs: number;
  port(): number;
  connections(): Iterable<ClientConnection>;
}

/** The source of the answers. */
export class ServerWordSource implements WordSource {
  readonly #options: WordSourceOptions;
  /** What the counters of the connections that are open must be added to. */
  #received = 0;
  #sent = 0;

  constructor(options: WordSourceOptions) {
    this.#options = options;
  }

  /** Keeps the counts of a connection that has gone. */
  keep({ received, sent }: ClientConnection): void {
    this.#received += received;
    this.#sent += sent;
  }

  facts() {
    const { tree, watches, sessions, processor, settings, dataDir } = this.#options;
    const nowMs = settings.clock.nowMs();
    const wallMs = settings.clock.wallTimeMs();
    const connections = [...this.#options.connections()];
    return {
      zxid: processor.lastZxid,
      nodes: tree.size,
      ephemerals: tree.ephemeralCount,
      watches: watches.size,
      sessions: sessions.size,
      dataSizeBytes: tree.dataSizeBytes,
      received: connections.reduce((sum, { received }) => sum + received, this.#received),
      sent: connections.reduce((sum, { sent }) => sum + sent, this.#sent),
      upTimeMs: nowMs - this.#options.startedMs,
      port: this.#options.port(),
      dataDir,
      tickTimeMs: settings.tickTimeMs,
      maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
      maxConnections: settings.maxConnections,
      clients: connections.map(({ remote, received, sent, session, openedMs }) => ({
        remote,
        received,
        sent,
        session,
        connectedWallMs: wallMs - (nowMs - openedMs),
      })),
    };
  }

  watches() {
    return [...this.#options.watches.dataWatches()].flatMap(({ path, watchers }) => {
      const sessionIds = [...watchers].flatMap(({ session }) => session?.id ?? []);
      return sessionIds.length === 0 ? [] : [{ path, sessionIds }];
    });
  }

  ephemerals() {
    const { sessions, tree } = this.#options;
    return [...sessions.entries()].flatMap(({ id }) => {
      const paths = tree.ephemeralsOf(id);
      return paths.length === 0 ? [] : [{ sessionId: id, paths }];
    });
  }

  sessions() {
    const { sessions, settings: { clock } } = this.#options;
    const offsetMs = clock.wallTimeMs() - clock.nowMs();
    return [...sessions.entries()].map(({ id, lastHeardMs, timeoutMs }) => ({
      id,
      endsWallMs: lastHeardMs + timeoutMs + offsetMs,
    }));
  }

  storedBytes() {
    return this.#options.storage.sizeBytes();
  }

  reset(what: "server" | "connections"): void {
    if (what === "server") this.#received = this.#sent = 0;
    for (const connection of this.#options.connections()) {
      if (what === "server") {
        this.#received -= connection.received;
        this.#sent -= connection.sent;
      } else {
        this.keep(connection);
        connection.received = 0;
        connection.sent = 0;
      }
    }
  }
}
