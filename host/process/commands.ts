/**
 * How a config file says which program to run and how to check its health: the schemas, and the
 * expansion of their templates. service_process.ts runs the program, health_check.ts runs the check.
 *
 * @module
 */

import { z } from "zod";

/** The values that `{blob}`, `{version}`, `{service}` and `{host}` in a template are replaced by. */
export interface TemplateValues {
  /** The folder of the release, resolved: not the `current` link, which may move. */
  blob: string;
  version: string;
  service: string;
  host: string;
}

/** The longest timeout that a config may give a health check: whatever takes longer hangs. */
export const HEALTH_TIMEOUT_MAX_MS = 10 * 60 * 1000;

/** A program and its arguments; the program is required. */
const argvSchema = z.tuple([z.string().min(1)], z.string(), {
  error: "expected a list of the program and its arguments, all strings",
});

/** Default 5 s: long enough for a busy service, short enough for a rollout to notice. */
const timeoutSchema = z.int().min(1).max(HEALTH_TIMEOUT_MAX_MS).default(5000);

/** A program to run: `argv`, and optionally `env` (see service_environment.ts) and `cwd`. */
export const commandSchema = z.strictObject({
  argv: argvSchema,
  env: z.record(z.string(), z.string()).default({}),
  /** Default `{blob}`. */
  cwd: z.string().optional(),
});

/** A command as a config gives it, with the defaults filled in. */
export type Command = z.output<typeof commandSchema>;

/** One health check. Templates are filled in `url` and `argv`. */
export const healthCheckSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    url: z.string().min(1),
    /** Default: any 2xx. */
    expectStatus: z.int().min(100).max(599).optional(),
    timeoutMs: timeoutSchema,
  }),
  z.strictObject({
    type: z.literal("tcp"),
    host: z.string().default("127.0.0.1"),
    port: z.int().min(1).max(65535),
    timeoutMs: timeoutSchema,
  }),
  z.strictObject({ type: z.literal("exec"), argv: argvSchema, timeoutMs: timeoutSchema }),
]);

/** A health check as a config gives it, with the defaults filled in. */
export type HealthCheck = z.output<typeof healthCheckSchema>;

const PLACEHOLDERS = ["blob", "version", "service", "host"] as const;

/** A word in braces, in two pairs to stand for itself. Not one that belongs to a shell, curl or printf: `${x}`, `%{x}`. */
const WORD_IN_BRACES = /\{\{(\w+)\}\}|(?<![$%\\{])\{([A-Za-z_]\w*)\}/g;

/**
 * Replaces `{blob}`, `{version}`, `{service}` and `{host}` by their values, and `{{word}}` by `{word}`. All other braces
 * stay as they are, since they belong to the shell, to awk or to JSON.
 */
export function expandTemplate(text: string, values: TemplateValues): string {
  if (!text.includes("{")) return text;
  return text.replaceAll(WORD_IN_BRACES, (all, literal?: string, word?: string) => {
    if (literal !== undefined) return `{${literal}}`;
    const known = PLACEHOLDERS.find((each) => each === word);
    return known === undefined ? all : values[known];
  });
}

/** A word in braces that stands for nothing, which is most likely a mistake; undefined if there is none. */
export function unknownPlaceholder(text: string): string | undefined {
  for (const [, literal, word] of text.matchAll(WORD_IN_BRACES)) {
    if (literal === undefined && !PLACEHOLDERS.some((each) => each === word)) return word;
  }
  return undefined;
}

/** A command with its templates filled in, ready for `startService`. */
export interface ExpandedCommand {
  argv: [string, ...string[]];
  env: Record<string, string>;
  cwd: string;
}

/** Expands the templates in a command's `argv`, `env` and `cwd`; `cwd` defaults to the release's folder. */
export function expandCommand(command: Command, values: TemplateValues): ExpandedCommand {
  return {
    argv: expandArguments(command.argv, values),
    env: Object.fromEntries(
      Object.entries(command.env).map(([name, value]) => [name, expandTemplate(value, values)]),
    ),
    cwd: command.cwd === undefined ? values.blob : expandTemplate(command.cwd, values),
  };
}

/** Expands the templates in a health check's `url`, `host` or `argv`. */
export function expandHealthCheck(check: HealthCheck, values: TemplateValues): HealthCheck {
  switch (check.type) {
    case "http":
      return { ...check, url: expandTemplate(check.url, values) };
    case "tcp":
      return { ...check, host: expandTemplate(check.host, values) };
    case "exec":
      return { ...check, argv: expandArguments(check.argv, values) };
  }
}

/** Expands the templates in a program and its arguments. */
export function expandArguments(
  argv: readonly [string, ...string[]],
  values: TemplateValues,
): [string, ...string[]] {
  const [program, ...rest] = argv;
  return [expandTemplate(program, values), ...rest.map((each) => expandTemplate(each, values))];
}
