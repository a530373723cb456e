/**
 * What may leave for a terminal. Names and reasons come from other machines, and a terminal obeys what is written to it: it can
 * be made to show other text than there is, to change its title, or to answer as if the user had typed. So of all text only
 * what is printable gets through, with line ends, tabs, and the colours that our own views use. Pure.
 *
 * @module
 */

/** The colours and styles of picocolors, without the one that hides text. */
const OWN_STYLE = String.raw`\x1b\[(?:[0-479]|2[2-479]|3[0-79]|4[0-79]|9[0-7]|10[0-7])m`;
/** Whole sequences of ECMA-48, so that nothing of them is left: control sequences, and strings such as a window's title. */
const SEQUENCE = String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|` +
  String.raw`\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?`;
/** Control characters, those that format (among them all that turn the direction of text), line separators, halves of pairs. */
const UNPRINTABLE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]`;

const ANY = new RegExp(`(${OWN_STYLE}|[\\n\\t])|${SEQUENCE}|${UNPRINTABLE}`, "gu");
const ANY_BUT_LINES = new RegExp(`([\\n\\t])|${SEQUENCE}|${UNPRINTABLE}`, "gu");
/** What a terminal could obey in JSON, whose strings have no other control characters: DEL, C1, and what formats. */
const UNPRINTABLE_IN_JSON = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text that is safe on a terminal, with the colours of our own views. */
export function terminalText(text: string): string {
  return text.replace(ANY, (_, kept: string | undefined) => kept ?? "");
}

/** Text that is safe on a terminal, without any colours: for what others have written. */
export function plainText(text: string): string {
  return text.replace(ANY_BUT_LINES, (_, kept: string | undefined) => kept ?? "");
}

/**
 * A copy of a value for a view to be made of it: every string in it, but no key, is {@link plainText} in one line, so that none
 * can pass for a line of the view.
 */
export function plain<T>(value: T): T {
  if (typeof value === "string") return plainText(value).replace(/[\n\t]/g, " ") as T;
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) as T;
}

/** JSON with what a terminal could obey written as escapes, which mean the same to every reader. */
export function terminalJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE_IN_JSON,
    (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}
