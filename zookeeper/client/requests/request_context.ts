/**
 * What the files with requests share: how to hand a request over, with its paths checked first.
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

/** What a request is made with. */
export class RequestContext {
  /** Sends. */
  readonly session: Session;
  /** Knows who listens. */
  readonly watches: WatchRegistry;
  /** The chroot. */
  readonly paths: PathMapping;
  readonly clock: Clock;
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

  /** Issues a request about `spec.path`, or about the paths named. */
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

  /** Adds a one-shot listener, once its read has been answered. */
  addOneShot(kind: OneShotKind, path: string, watch: WatchListener | undefined): void {
    if (watch !== undefined) this.watches.addOneShot(kind, this.paths.toServer(path), watch);
  }
}

/** Reads an empty reply. */
export function readEmptyReply(_reader: JuteReader): void {}
