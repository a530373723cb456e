// Malformed frames.
import { JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import { multiEnd, writeAcl, writeMultiHeader } from "../../../zookeeper/wire/records.ts";
import type { Dice } from "./random.ts";

const types = Object.values(opcodes);

/** Creates a frame that is nearly valid: it gets further into a decoder than noise. */
export function makeFrame(dice: Dice): Uint8Array {
  const writer = new JuteWriter(256);
  for (let part = dice.below(8); part >= 0; part--) {
    switch (dice.below(8)) {
      case 0:
        writer.int(dice.pick([-1, 0, 1, 2, 3, 4, 5, 14, 15, 0x7fffffff, -0x80000000]));
        break;
      case 1:
        writer.string(dice.pick(["", "/", "/a", "/zookeeper", "world", "anyone", "é\u{1f600}"]));
        break;
      case 2:
        writer.long(BigInt(Math.floor(dice.random() * 2 ** 53)) - 2n ** 52n);
        break;
      case 3:
        writeAcl(writer, [{ permissions: 31, scheme: "world", id: "anyone" }]);
        break;
      case 4:
        writeMultiHeader(
          writer,
          dice.chance(0.3) ? multiEnd : { type: dice.pick(types), done: false, error: 0 },
        );
        break;
      case 5: {
        // The result of an operation that failed, as in the reply to a `multi`.
        const error = dice.pick([0, -101, -110]);
        writeMultiHeader(writer, { type: opcodes.error, done: false, error });
        writer.int(error);
        break;
      }
      case 6:
        writer.raw(Uint8Array.from({ length: dice.below(24) }, () => dice.below(256)));
        break;
      default:
        writer.strings(Array.from({ length: dice.below(4) }, () => "/a"));
    }
  }
  const bytes = writer.bytes().slice();
  for (let flips = dice.below(3); flips > 0 && bytes.length > 0; flips--) {
    bytes[dice.below(bytes.length)] = dice.below(256);
  }
  return dice.chance(0.2) ? bytes.subarray(0, dice.below(bytes.length + 1)) : bytes;
}
