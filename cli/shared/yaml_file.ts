/**
 * Reads the YAML files that people write, such as plans and configs. Each is checked against one schema; every mistake is
 * reported with its place in the file, and an unknown key with the nearest known one.
 *
 * @module
 */

import { closest, distance } from "fastest-levenshtein";
import { isNode, parseDocument } from "yaml";
import { z } from "zod";
import { readFile } from "../../base/bounded_read.ts";
import { reasonOf } from "../../base/reason.ts";
import { UsageError } from "./errors.ts";

/** The largest file that is read: a plan of a thousand services has a tenth of it. */
const MAX_FILE_BYTES = 1024 * 1024;

/** How many nodes aliases may stand for, which keeps a few lines from becoming gigabytes. */
const MAX_ALIASES = 1_000;

/** How many errors of the parser are shown; the first one often causes the others. */
const MAX_PROBLEMS = 20;

/**
 * Reads and checks a YAML file.
 *
 * @param kind What the file is, for messages: `config`, `plan`.
 * @throws {UsageError} with all that is wrong with the file.
 */
export async function readYamlFile<T>(
  path: string,
  kind: string,
  schema: z.ZodType<T>,
): Promise<T> {
  let text: string;
  try {
    text = new TextDecoder().decode(await readFile(path, MAX_FILE_BYTES));
  } catch (cause) {
    // What the system says of a missing file would only repeat that.
    if (cause instanceof Deno.errors.NotFound) {
      throw new UsageError(`read ${kind} ${path}: no such file`);
    }
    throw new UsageError(`read ${kind} ${path}: ${(cause as Error).message}`, { cause });
  }
  return parseYaml(text, { path, kind, schema });
}

/** Parses and checks the text of a YAML file. @throws {UsageError} with all that is wrong with it. */
export function parseYaml<T>(
  text: string,
  source: { path: string; kind: string; schema: z.ZodType<T> },
): T {
  const { path, kind, schema } = source;
  const { value, written } = toValue(text, `read ${kind} ${path}`);
  if (value === null) throw new UsageError(`read ${kind} ${path}: the file is empty`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = [
    ...new Set(parsed.error.issues.flatMap((issue) => describeIssue(issue, { schema, written }))),
  ];
  throw new UsageError(`read ${kind} ${path}:\n  ${problems.join("\n  ")}`);
}

/** How the value at a place is written in the file; undefined if it is not there, or more than a short line. */
type Written = (path: readonly PropertyKey[]) => string | undefined;

/** The value that the text stands for. The parser throws where aliases lead nowhere or are too many, and where it is nested too deeply. */
function toValue(text: string, action: string): { value: unknown; written: Written } {
  let problems: readonly string[];
  try {
    // Warnings would be printed by the library itself; whatever they are about does not fit a schema either.
    const document = parseDocument(text, { prettyErrors: true, logLevel: "error" });
    if (document.errors.length === 0) {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      return { value, written: (path) => writtenAt(text, document.getIn(path, true)) };
    }
    problems = document.errors.map((error) => error.message.trimEnd());
  } catch (cause) {
    problems = [reasonOf(cause)];
  }
  const shown = problems.slice(0, MAX_PROBLEMS);
  if (shown.length < problems.length) shown.push(`and ${problems.length - shown.length} more`);
  throw new UsageError(`${action}: not valid YAML:\n  ${shown.join("\n  ")}`);
}

/** Longest value that is shown as it could be written, in characters. */
const SHOWN_MAX = 80;

function writtenAt(text: string, node: unknown): string | undefined {
  if (!isNode(node) || !node.range) return undefined;
  const [start, end] = node.range;
  const written = text.slice(start, end);
  return written.length <= SHOWN_MAX && !written.includes("\n") ? written : undefined;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  source: { readonly schema: z.ZodType; readonly written: Written },
): string[] {
  const { schema, written } = source;
  const place = formatPlace(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) =>
      `${formatPlace([...issue.path, key])}: unknown key${suggest(key, known)}`
    );
  }
  if (issue.code === "invalid_union") {
    // The branch that matched deepest is taken for the one that the author meant; of several, the one with least to mend.
    const [branch] = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
    if (branch !== undefined && depth(branch) > 0) {
      return branch.flatMap((inner) =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, source)
      );
    }
  }
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [`${place}: missing, expected ${issue.expected}`];
  }
  const isPlain = issue.message.startsWith("Invalid input");
  if (isPlain && issue.code === "invalid_type" && issue.expected === "string") {
    // YAML takes 9000 for a number, 1.10 for 1.1, no for a boolean, and {blob} for a map.
    const text = written(issue.path);
    if (text !== undefined) return [`${place}: put it in quotes: ${JSON.stringify(text)}`];
  }
  // What the schema says in its own words has what was there; what zod says of numbers, words and addresses has not.
  const isZods = /^(Too |Invalid (option|URL|string))/.test(issue.message);
  const text = isZods ? written(issue.path) : undefined;
  return [`${place}: ${issue.message}${text === undefined ? "" : `, was ${text}`}`];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

function suggest(key: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(key, [...known]);
  // With up to a third of its letters wrong, the key is a typing mistake; with more, it is another word.
  const isSlip = distance(key.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, key.length / 3);
  return isSlip ? `, did you mean "${nearest}"?` : ` (known: ${known.join(", ")})`;
}

function formatPlace(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "top level";
  return path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("")
    .replace(/^\./, "");
}

/** The keys that the schema has at a place in the file. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let places: z.core.$ZodType[] = [schema];
  for (const part of path) places = places.flatMap((place) => descend(place, part));
  return [
    ...new Set(
      places.flatMap(unwrap).flatMap((place) =>
        place instanceof z.ZodObject ? Object.keys(place.shape) : []
      ),
    ),
  ];
}

function descend(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType[] {
  return unwrap(schema).flatMap((inner) => {
    if (inner instanceof z.ZodObject) {
      const next = inner.shape[String(part)];
      return next === undefined ? [] : [next];
    }
    if (inner instanceof z.ZodRecord) return [inner.valueType];
    if (inner instanceof z.ZodArray) return [inner.element];
    return [];
  });
}

/** Removes wrappers that do not change the keys: optional, default, transformations. A union becomes all of its members. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable || schema instanceof z.ZodPrefault
  ) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrap(option));
  return [schema];
}
