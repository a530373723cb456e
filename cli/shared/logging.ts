/**
 * Sets LogTape up for a command: messages go to stderr, one line each, so that stdout holds results alone.
 *
 * @module
 */

import {
  configure,
  getLogger,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";

/** What the parts of Rollcall need of a logger. */
export interface Log {
  /** For developers. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** What happens, in an operator's words. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** Something is not right, and the program goes on. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** Something did not work. */
  error(message: string, properties?: Record<string, unknown>): void;
}

/** Starts logging and returns the command's logger. */
export async function setUpLogging(category: string, level: LogLevel): Promise<Log> {
  const format = getTextFormatter({
    timestamp: "rfc3339",
    level: "full",
    category: ".",
    value: formatValue,
  });
  await configure({
    sinks: { stderr: (record: LogRecord) => writeLine(format(withProperties(record))) },
    loggers: [
      { category: "rollcall", lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
    reset: true,
  });
  return getLogger(["rollcall", category]);
}

const encoder = new TextEncoder();

/** Synchronous, so that the last line before the process ends is not lost. A closed stderr is nobody's failure. */
function writeLine(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(line));
  } catch {
    // Nobody reads any more.
  }
}

/** Appends the properties that the message's own placeholders do not show. */
function withProperties(record: LogRecord): LogRecord {
  const rest = Object.entries(record.properties)
    .filter(([key]) => !record.rawMessage.includes(`{${key}}`))
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  if (rest.length === 0) return record;
  const message = [...record.message];
  message[message.length - 1] = `${message.at(-1)} (${rest.join(" ")})`;
  return { ...record, message };
}

function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  if (typeof value === "bigint") return value.toString();
  return JSON.stringify(value) ?? String(value);
}
