/** Tests of when a freeze holds, until when, and what it says: over midnight, weekends and changes of the clock. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  freezeAt,
  freezeInputSchema,
  type FreezeWindow,
  nextFreeze,
} from "../../../../rollout/mod.ts";

const BERLIN = "Europe/Berlin";
const HOUR_MS = 3_600_000;

/** The moment at which the clock there shows that time; of one that comes twice, the first. */
function at(time: string, timeZone = BERLIN): number {
  return Temporal.PlainDateTime.from(time).toZonedDateTime(timeZone).epochMilliseconds;
}

function words(windows: readonly FreezeWindow[], time: string): string | null {
  return freezeAt(windows, at(time))?.words ?? null;
}

function hoursLeft(window: FreezeWindow, atMs: number): number | null {
  const freeze = freezeAt([window], atMs);
  return freeze === null ? null : freeze.leftMs / HOUR_MS;
}

// 2026-11-30 is a Monday.
const WEEKEND: readonly FreezeWindow[] = [
  { days: ["fri"], from: "16:00", timeZone: BERLIN, reason: "nobody is in the office" },
  { days: ["sat", "sun"], timeZone: BERLIN, reason: "nobody is in the office" },
  { days: ["mon"], to: "06:00", timeZone: BERLIN, reason: "nobody is in the office" },
];

Deno.test("freezeAt: a weekend of three windows is one freeze, and says its end and its reason", () => {
  const until = "frozen until Mon 06:00 Europe/Berlin: nobody is in the office";
  assert.equal(words(WEEKEND, "2026-11-27T15:59:59"), null);
  assert.equal(words(WEEKEND, "2026-11-27T16:00"), until);
  assert.equal(words(WEEKEND, "2026-11-28T12:00"), until);
  assert.equal(words(WEEKEND, "2026-11-30T05:59:59"), until);
  assert.equal(words(WEEKEND, "2026-11-30T06:00"), null);
  assert.equal(freezeAt(WEEKEND, at("2026-11-27T16:00"))?.leftMs, 62 * HOUR_MS);
});

Deno.test("freezeAt: a window over midnight is of the day on which it begins", () => {
  const night: FreezeWindow = { days: ["tue"], from: "22:00", to: "04:00", timeZone: "UTC" };
  const hours = (time: string) => hoursLeft(night, at(time, "UTC"));
  assert.equal(hours("2026-12-01T21:59"), null);
  assert.equal(hours("2026-12-01T22:00"), 6);
  assert.equal(hours("2026-12-02T03:00"), 1);
  assert.equal(hours("2026-12-02T04:00"), null);
  // The night from Monday to Tuesday is not meant, nor the next one.
  assert.equal(hours("2026-12-01T03:00"), null);
  assert.equal(hours("2026-12-02T22:00"), null);
  const day: FreezeWindow = { days: ["tue"], from: "09:00", to: "09:00", timeZone: "UTC" };
  assert.equal(hoursLeft(day, at("2026-12-01T09:00", "UTC")), 24);
});

Deno.test("freezeAt: without days every day, with dates those as well; without hours the whole day", () => {
  const noon: FreezeWindow = { from: "12:00", to: "13:00", timeZone: "UTC" };
  for (const date of ["2026-12-01", "2026-12-05"]) {
    assert.equal(hoursLeft(noon, at(`${date}T12:00`, "UTC")), 1);
  }
  const holidays: FreezeWindow = { dates: ["2026-12-24", "2026-12-25"], timeZone: BERLIN };
  assert.equal(words([holidays], "2026-12-23T23:59"), null);
  assert.equal(words([holidays], "2026-12-24T00:00"), "frozen until Sat 00:00 Europe/Berlin");
  assert.equal(words([holidays], "2026-12-26T00:00"), null);
  const both: FreezeWindow = { days: ["mon"], dates: ["2026-12-24"], timeZone: "UTC" };
  assert.equal(hoursLeft(both, at("2026-12-24T00:00", "UTC")), 24);
  assert.equal(hoursLeft(both, at("2026-12-28T12:00", "UTC")), 12);
});

Deno.test("freezeAt: an end that is a week away is told by its date, and a freeze for ever as such", () => {
  const dates = Array.from({ length: 14 }, (_, day) => `2026-12-${String(day + 10)}`);
  assert.equal(
    words([{ dates, timeZone: "UTC" }], "2026-12-10T12:00"),
    "frozen until 2026-12-24 00:00 UTC",
  );
  const always: FreezeWindow = { timeZone: "UTC", reason: "sold" };
  assert.deepEqual(freezeAt([always], 0), {
    leftMs: Infinity,
    words: "frozen without an end in sight: sold",
  });
  assert.equal(freezeAt([], 0), null);
  assert.equal(freezeAt(undefined, 0), null);
});

Deno.test("freezeAt: who does not know a time zone of the policy waits, and says why", () => {
  assert.deepEqual(freezeAt([{ timeZone: "Mars/Olympus" }], 0), {
    leftMs: Infinity,
    words: 'frozen: this host does not know the time zone "Mars/Olympus" of a freeze window',
  });
});

Deno.test("freezeAt: where the clock changes, a window is never shorter than what the clock shows", () => {
  // On 2026-10-25 the clocks of Berlin go from 03:00 back to 02:00, on 2026-03-29 from 02:00 on to 03:00.
  const short: FreezeWindow = { from: "02:00", to: "02:30", timeZone: BERLIN };
  // It begins with the first 02:00 and ends with the second 02:30.
  assert.equal(hoursLeft(short, at("2026-10-25T02:00")), 1.5);
  const night: FreezeWindow = { from: "22:00", to: "06:00", timeZone: BERLIN };
  assert.equal(hoursLeft(night, at("2026-10-24T22:00")), 9);
  assert.equal(hoursLeft(night, at("2026-03-28T22:00")), 7);
  // 02:30 is left out: the window ends as long after 01:00 as on other days.
  const end: FreezeWindow = { from: "01:00", to: "02:30", timeZone: BERLIN };
  assert.equal(hoursLeft(end, at("2026-03-29T01:00")), 1.5);
});

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clock of a time zone shows, read without what is under test: the day of the week and the time. */
function clock(timeZone: string, atMs: number): { readonly day: string; readonly time: string } {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  formats.set(timeZone, format);
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    day: parts.get("weekday")?.toLowerCase() ?? "",
    time: `${parts.get("hour")}:${parts.get("minute")}`,
  };
}

const ZONES = ["UTC", BERLIN, "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"] as const;

const timeArbitrary = fc.nat(24 * 60 - 1).map((minutes) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`
);

const windowArbitrary = fc.record({
  days: fc.subarray(["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const, { minLength: 1 }),
  from: timeArbitrary,
  to: timeArbitrary,
  timeZone: fc.constantFrom(...ZONES),
});

/** Two years with all changes of the clock. */
const momentArbitrary = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 0) });

Deno.test("freezeAt: holds while the clock shows a time of the window on one of its days", () => {
  const inWindow = (window: FreezeWindow & { from: string; to: string }, atMs: number) => {
    const { day, time } = clock(window.timeZone, atMs);
    const isOf = (name: string) => window.days?.some((one) => one === name) ?? false;
    if (window.from < window.to) return isOf(day) && window.from <= time && time < window.to;
    const yesterday = clock(window.timeZone, atMs - 24 * HOUR_MS).day;
    return isOf(day) && time >= window.from || isOf(yesterday) && time < window.to;
  };
  fc.assert(
    fc.property(windowArbitrary, momentArbitrary, (window, atMs) => {
      // Around a change of the clock it may hold for longer, and yesterday is not 24 hours ago.
      const offset = (ms: number) =>
        Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(window.timeZone)
          .offsetNanoseconds;
      fc.pre(offset(atMs - 25 * HOUR_MS) === offset(atMs + 25 * HOUR_MS));
      assert.equal(freezeAt([window], atMs) !== null, inWindow(window, atMs));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("freezeAt: holds until its end without a gap, and not at its end", () => {
  fc.assert(
    fc.property(
      fc.array(windowArbitrary, { minLength: 1, maxLength: 4 }),
      momentArbitrary,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (windows, atMs, share) => {
        const freeze = freezeAt(windows, atMs);
        fc.pre(freeze !== null && freeze.leftMs !== Infinity);
        const endMs = atMs + freeze.leftMs;
        assert.ok(freeze.leftMs > 0);
        assert.equal(freezeAt(windows, endMs), null);
        const betweenMs = Math.min(endMs - 1, Math.floor(atMs + share * freeze.leftMs));
        assert.equal(betweenMs + (freezeAt(windows, betweenMs)?.leftMs ?? 0), endMs);
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("freezeInputSchema: says what was expected of a window", () => {
  const problem = (window: object) =>
    freezeInputSchema.safeParse([window]).error?.issues.map(({ path, message }) =>
      `${path.join(".")}: ${message}`
    ) ?? [];
  assert.deepEqual(problem({ timeZone: BERLIN, from: "18:00", to: "24:00" }), []);
  const zone = "expected a time zone of the IANA's database such as Europe/Berlin or UTC";
  assert.deepEqual(problem({ timeZone: "Berlin" }), [`0.timeZone: ${zone}, was "Berlin"`]);
  // It would be wrong for half of the year.
  assert.deepEqual(problem({ timeZone: "+02:00" }), [`0.timeZone: ${zone}, was "+02:00"`]);
  assert.deepEqual(problem({}), [
    "0.timeZone: expected a time zone such as Europe/Berlin or UTC",
  ]);
  assert.deepEqual(problem({ timeZone: BERLIN, from: "24:00" }), [
    "0.from: expected a time from 00:00 to 23:59, such as 18:00 or 06:30",
  ]);
  assert.deepEqual(problem({ timeZone: BERLIN, to: "6:00" }), [
    "0.to: expected a time from 00:00 to 24:00, such as 18:00 or 06:30",
  ]);
  assert.deepEqual(problem({ timeZone: BERLIN, dates: ["2026-02-30"] }), [
    '0.dates.0: expected a date such as 2026-12-24, was "2026-02-30"',
  ]);
  assert.equal(problem({ timeZone: BERLIN, until: "06:00" }).length, 1);
});

Deno.test("nextFreeze: the first that begins in time, also days ahead; none while one holds", () => {
  const next = (time: string, hours: number) => {
    const freeze = nextFreeze(WEEKEND, at(time), hours * HOUR_MS);
    return freeze === null ? null : [freeze.inMs / HOUR_MS, freeze.words];
  };
  const words = "frozen until Mon 06:00 Europe/Berlin: nobody is in the office";
  assert.deepEqual(next("2026-11-27T14:00", 3), [2, words]);
  assert.equal(next("2026-11-27T14:00", 1), null);
  assert.deepEqual(next("2026-11-23T16:00", 200), [96, words]);
  assert.equal(next("2026-11-28T12:00", 500), null);
  assert.equal(nextFreeze(undefined, 0, Infinity), null);
});
