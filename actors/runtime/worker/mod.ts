/**
 * Actors that live in Web Workers, with the same references, supervision and death watch as others.
 * What is guaranteed is in `docs/remote_actors.md`.
 *
 * @module
 */

export { WorkerError, type WorkerErrorCode } from "./errors.ts";
export { serveWorker, type ServeWorkerOptions } from "./serve_worker.ts";
export {
  type KeeperMessage,
  type KeeperState,
  type WorkerActor,
  workerActor,
  type WorkerActorOptions,
} from "./worker_actor.ts";
