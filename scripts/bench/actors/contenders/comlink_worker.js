/** The worker of Comlink. */

import { loadPeer } from "./peer.js";

const { expose } = await loadPeer("comlink");
expose((value) => value + 1);
