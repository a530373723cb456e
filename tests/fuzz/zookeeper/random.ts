// A random generator with a seed, so that every sequence can be repeated.

/** Returns a generator of numbers in [0, 1) that depend only on the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random choices from a seed. */
export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Returns one of the keys, with probabilities by weight. */
  weighted<K extends string>(weights: Record<K, number>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries[0] as [K, number])[0];
  }
}

/** The seed of this run: `ROLLCALL_SEED`, or a new one. */
export function seedOfRun(): number {
  return Number(Deno.env.get("ROLLCALL_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
}

/** How many inputs a fuzz test takes: `ROLLCALL_FUZZ_INPUTS`, or by default as many as some seconds allow. */
export function inputCount(usual: number): number {
  return Number(Deno.env.get("ROLLCALL_FUZZ_INPUTS") ?? usual);
}
