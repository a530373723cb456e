/**
 * The control node: what an operator writes to pause and resume the whole fleet, and what an agent writes to halt it.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  type ControlDecision,
  controlSchema,
  type ControlWord,
  decodeNode,
  describeState,
  describeStops,
  EntryError,
  isSaid,
  pauseControl,
  type RawNode,
  resumeControl,
  RolloutError,
  ROOT,
  SCHEMA_VERSION,
  transactions,
  type Versioned,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply, isUnknown } from "./apply.ts";
import { readNodes } from "./entry_reader.ts";
import { tellOrder } from "./history.ts";

/** What an operator's word has made of the control node. */
export interface ControlOutcome {
  /** The entry from before; `null` when it could not be read. */
  readonly before: Control | null;
  readonly after: Control;
}

/** Most rounds of an operator's word: others change the control node now and then, and replies get lost. */
const ROUNDS_MAX = 5;

/**
 * Lets nobody else go down. A halt that stands, or comes meanwhile, stays with its reason.
 *
 * @throws {RolloutError} when it is paused already.
 * @throws {EntryError} when a later version of this program has written the control node.
 */
export async function pauseRollout(zk: ZooKeeper, word: ControlWord): Promise<ControlOutcome> {
  // Whatever else is said meanwhile, the fleet is to stand still.
  return await say(zk, { verb: "pause", decide: pauseControl, word, insists: true });
}

/**
 * Lifts pause and halt, also where the entry cannot be read: an operator's word is how a fleet gets out of that.
 *
 * @throws {RolloutError} when nothing is paused or halted, or when somebody else says something at the same time: what the
 * operator has not seen is not lifted.
 * @throws {EntryError} when a later version of this program has written the control node.
 */
export async function resumeRollout(zk: ZooKeeper, word: ControlWord): Promise<ControlOutcome> {
  return await say(zk, { verb: "resume", decide: resumeControl, word, insists: false });
}

/** Writes an operator's word, if the node stands as it was read. After a lost reply, it looks whether it is done. */
async function say(
  zk: ZooKeeper,
  { verb, decide, word, insists }: {
    readonly verb: string;
    readonly decide: (control: Control | null, word: ControlWord) => ControlDecision;
    readonly word: ControlWord;
    /** Whether it is said again when somebody else has changed the node meanwhile. */
    readonly insists: boolean;
  },
): Promise<ControlOutcome> {
  let first: transactions.StandingControl | null = null;
  let sent: ControlOutcome | null = null;
  for (let round = 1;; round++) {
    // Also what is said of a node that needs no change has to be true.
    await zk.sync(ROOT);
    const standing: transactions.StandingControl = await readControlToChange(zk);
    if (sent !== null && isSaid(standing.entry, word)) return sent;
    first ??= standing;
    if (!insists && standing.znodeVersion !== first.znodeVersion) {
      throw new RolloutError(
        `${verb}: somebody else changed control meanwhile, it is ${
          standing.entry === null ? describeState(null) : describeStops(standing.entry)
        } now; nothing was written, look and try again`,
      );
    }
    const decision = decide(standing.entry, word);
    if (decision.kind === "nothing") {
      throw new RolloutError(`${verb}: ${decision.why}; nothing was changed`);
    }
    sent = { before: standing.entry, after: decision.entry };
    try {
      const { by, reason } = word;
      const told = await tellOrder(zk, standing.entry?.rollout, { order: verb, by, reason });
      await apply(zk, [transactions.setControl(standing, decision.entry), ...told]);
      return sent;
    } catch (error) {
      const mayGoOn = isUnknown(error) || hasCode(error, "BAD_VERSION", "NO_NODE");
      if (!mayGoOn || round === ROUNDS_MAX) throw error;
    }
  }
}

/**
 * Reads the control node.
 *
 * @throws {RolloutError} when there is none: no agent has ever created the tree.
 * @throws {EntryError} when it cannot be read.
 */
export async function readControl(zk: ZooKeeper): Promise<Versioned<Control>> {
  const control = decodeNode(controlSchema, await readRaw(zk), CONTROL);
  if (control === null) throw noControl();
  return control;
}

/**
 * Reads the control node for a change that needs nothing of it; its entry is `null` when it cannot be read.
 *
 * @throws {RolloutError} when there is none: no agent has ever created the tree.
 * @throws {EntryError} when a later version of this program has written it, or when this one may not read it.
 */
export async function readControlToChange(
  zk: ZooKeeper,
): Promise<transactions.StandingControl> {
  const node = await readRaw(zk);
  try {
    const control = decodeNode(controlSchema, node, CONTROL);
    if (control !== null) return control;
  } catch (error) {
    if (!(error instanceof EntryError) || node === null || "problem" in node) throw error;
    if (isOfLaterVersion(node.data)) throw error;
    return { entry: null, znodeVersion: node.version };
  }
  throw noControl();
}

async function readRaw(zk: ZooKeeper): Promise<RawNode> {
  const [node = null] = await readNodes(zk, [CONTROL]);
  return node;
}

/** A later version's entry says more than this version knows; to write over it would take that away. */
function isOfLaterVersion(data: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data));
    return typeof value === "object" && value !== null && "schema" in value &&
      typeof value.schema === "number" && value.schema > SCHEMA_VERSION;
  } catch {
    return false;
  }
}

function noControl(): RolloutError {
  return new RolloutError(
    "read control: the tree is empty; start an agent first, or check the chroot in --zookeeper",
  );
}
