/**
 * Configures LogTape for a command: messages go to stderr, one line each, so that stdout holds only results.
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
import type { Log } from "../../base/log.ts";
import { plainText } from "./terminal_text.ts";

/**
 * Configures logging for the process and returns the command's logger.
 *
 * @param category The command's name, which each line shows.
 * @param level The least severe level that is written.
 */
export async function setUpLogging(category: string, level: LogLevel): Promise<Log> {
  const format = getTextFormatter({
    timestamp: "rfc3339",
    level: "full",
    category: ".",
    value: formatValue,
  });
  await configure({
    sinks: { stderr: (record: LogRecord) => writeLine(oneEntry(format(withProperties(record)))) },
    loggers: [
      { category: "rollcall", lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
    reset: true,
  });
  return getLogger(["rollcall", category]);
}

/** Safe on a terminal, and one entry for whoever reads it: what a value has after a line end is indented. */
function oneEntry(line: string): string {
  return `${plainText(line).trimEnd().replaceAll("\n", "\n    ")}\n`;
}

const encoder = new TextEncoder();

/** Synchronous, so that the last line before the process ends is not lost. A closed stderr is no failure of the command. */
function writeLine(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(line));
  } catch {
    // Whoever read stderr has closed it.
  }
}

/** Appends the properties that no placeholder of the message shows. */
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
