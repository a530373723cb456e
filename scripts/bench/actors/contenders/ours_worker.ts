/** The worker of ours. */

import { serveWorker } from "../../../../actors/runtime/worker/mod.ts";
import { answering } from "./answering.ts";

serveWorker(answering);
