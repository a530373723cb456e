/**
 * The worker that hashes: a module of its own, named in full where it is started.
 *
 * @module
 */

import { serveWorker } from "../../../actors/runtime/worker/mod.ts";
import { hashActor } from "./hashing.ts";

serveWorker(hashActor);
