/**
 * What all requests of the client share: the session that sends them, the watches, the chroot, and the check of paths.
 *
 * This room has one function per operation of ZooKeeper, in `read_requests.ts`, `write_requests.ts` and
 * `watch_requests.ts`. `ZooKeeper` calls them; each describes its request and hands it to the session, and its decoder
 * runs when the reply comes back.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { ZooKeeperError } from "../../errors.ts";
import { pathProblem } from "../../paths.ts";
import type { CallOptions, WatchListener } from "../../types.ts";
import type { JuteReader } from "../../wire/jute.ts";
import type { PathMapping } from "./path_mapping.ts";
import { rejected } from "../session/mark_handled.ts";
import type { RequestSpec } from "../session/pending_request.ts";
import type { Session } from "../session/session.ts";
import type { OneShotKind, WatchRegistry } from "../watches/watch_registry.ts";

/** What a request needs. */
export class RequestContext {
  /** Sends the requests. */
  readonly session: Session;
  /** The listeners of watches. */
  readonly watches: WatchRegistry;
  /** Maps paths through the chroot. */
  readonly paths: PathMapping;
  /** For deadlines. */
  readonly clock: Clock;
  /** Default deadline of a call, in ms. */
  readonly operationTimeoutMs: number;

  constructor(options: {
    session: Session;
    watches: WatchRegistry;
    paths: PathMapping;
    clock: Clock;
    operationTimeoutMs: number;
  }) {
    this.session = options.session;
    this.watches = options.watches;
    this.paths = options.paths;
    this.clock = options.clock;
    this.operationTimeoutMs = options.operationTimeoutMs;
  }

  /** Validates `spec.path`, or the given paths, and issues the request. */
  request<T>(
    spec: RequestSpec<T>,
    options: CallOptions,
    checked: string | readonly string[] = spec.path,
  ): Promise<T> {
    for (const path of typeof checked === "string" ? [checked] : checked) {
      const problem = pathProblem(path);
      if (problem === undefined) continue;
      const { operation } = spec;
      return rejected(
        new ZooKeeperError({ code: "BAD_ARGUMENTS", operation, path, detail: problem }),
      );
    }
    return this.session.request(spec, options);
  }

  /** Adds a one-shot listener, if there is one. Called when the reply to its read has arrived. */
  addOneShot(kind: OneShotKind, path: string, watch: WatchListener | undefined): void {
    if (watch !== undefined) this.watches.addOneShot(kind, this.paths.toServer(path), watch);
  }
}

/** Reads an empty reply. */
export function readEmptyReply(_reader: JuteReader): void {}
