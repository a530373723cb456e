/**
 * How many inputs a fuzz test tries, and from which seed. Input number n of a run is made from seed + n alone, so one
 * that fails is made again without those before it.
 */

/** Numbers that depend on nothing but a seed (mulberry32), and what is drawn from them. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** A number of a size that protocols care about: around powers of two, small ones, any. */
  uint32(): number {
    switch (this.below(4)) {
      case 0:
        return this.below(40);
      case 1:
        return (2 ** this.below(33) + this.below(3) - 1) >>> 0;
      case 2:
        return 0xffff_ffff - this.below(3);
      default:
        return Math.floor(this.random() * 2 ** 32);
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** The bytes with a few of them changed, left out, doubled or added. */
  mutate(bytes: Uint8Array): Uint8Array {
    let mutated = [...bytes];
    for (let times = this.below(4); times >= 0; times--) {
      const at = this.below(mutated.length + 1);
      switch (this.below(5)) {
        case 0:
          mutated[at] = this.below(256);
          break;
        case 1:
          mutated.splice(at, 1 + this.below(4));
          break;
        case 2:
          mutated.splice(at, 0, ...this.bytes(1 + this.below(4)));
          break;
        case 3:
          mutated = [...mutated.slice(0, at), ...mutated.slice(this.below(at + 1))];
          break;
        default:
          mutated.length = at;
      }
    }
    return new Uint8Array(mutated.map((byte) => byte ?? 0));
  }
}

/** How many inputs: `ordinary`, or what `ROLLCALL_FUZZ_INPUTS` says, for a long run. */
export function inputCount(ordinary: number): number {
  return Number(Deno.env.get("ROLLCALL_FUZZ_INPUTS") ?? ordinary);
}

/** The first seed: `ROLLCALL_FUZZ_SEED`, or any. */
export function firstSeed(): number {
  const wanted = Deno.env.get("ROLLCALL_FUZZ_SEED");
  return wanted === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(wanted);
}

/** A test that tries many inputs. A failure says how to make its input again. */
export function fuzzTest(
  name: string,
  { file, ordinary }: { readonly file: string; readonly ordinary: number },
  run: (dice: Dice) => void | Promise<void>,
): void {
  Deno.test(name, async () => {
    const first = firstSeed();
    const count = inputCount(ordinary);
    for (let number = 0; number < count; number++) {
      const seed = (first + number) >>> 0;
      try {
        const running = run(new Dice(seed));
        if (running instanceof Promise) await running;
      } catch (cause) {
        const path = new URL(file).pathname.split("/").slice(-4).join("/");
        throw new Error(
          `${name}: input ${number} of ${count} failed. Once more: ` +
            `ROLLCALL_FUZZ_SEED=${seed} ROLLCALL_FUZZ_INPUTS=1 deno test -A --filter "${name}" ${path}`,
          { cause },
        );
      }
    }
  });
}
