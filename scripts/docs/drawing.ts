/**
 * Draws the pictures of the documentation as SVG: boxes with text, zones around them, arrows between them, all in one
 * style that follows the reader's light or dark mode. Text between backticks is set as code.
 *
 * @module
 */

/** What a thing in a picture is; it decides its colours. */
export type Kind =
  /** A part of Rollcall. */
  | "ours"
  /** A process that Rollcall starts and that outlives it. */
  | "detached"
  /** What is kept: in ZooKeeper or on the disk. */
  | "kept"
  /** Whatever else there is. */
  | "plain";

/** What passes along an arrow; it decides its colours. */
export type Flow =
  /** Messages and requests. */
  | "control"
  /** The bytes of releases. */
  | "content"
  /** What goes wrong. */
  | "failure";

/** A rectangle, in pixels of a picture that is as wide as a page. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A point, in the same pixels. */
export type Point = readonly [x: number, y: number];

/** Where a text stands against its point. */
export type Anchor = "start" | "middle" | "end";

/** Width of every picture: that of a page. */
export const PICTURE_WIDTH = 900;

const LINE_HEIGHT = 17;
const FONT_SIZE = 12.5;
/** Least distance between a box's text and its border. */
const PADDING = 7;

const STYLE = `
    svg {
      --paper: #ffffff; --ink: #1f2328; --soft: #57606a; --line: #6e7781; --zone: #f6f8fa; --edge: #d0d7de;
      --ours: #ddeafc; --ours-edge: #3572c6; --detached: #dcf2e3; --detached-edge: #2f8550;
      --kept: #fcf0d3; --kept-edge: #a97a17; --plain: #ffffff; --plain-edge: #8c959f;
      --content: #7b4fc9; --failure: #c0392b;
    }
    @media (prefers-color-scheme: dark) {
      svg {
        --paper: #14181d; --ink: #e6edf3; --soft: #a3adb8; --line: #8b949e; --zone: #1b2027; --edge: #353d47;
        --ours: #16304f; --ours-edge: #5f9fe8; --detached: #143722; --detached-edge: #5bb57d;
        --kept: #3a2f10; --kept-edge: #d6a944; --plain: #21272f; --plain-edge: #77818c;
        --content: #b193f0; --failure: #f07f70;
      }
    }
    text { font: ${FONT_SIZE}px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink); }
    .title { font-weight: 600; font-size: 13px; }
    .soft { fill: var(--soft); }
    .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; }
    .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; }
    .halo.zoned { stroke: var(--zone); }
    .paper { fill: var(--paper); stroke: var(--edge); }
    .zone { fill: var(--zone); stroke: var(--edge); }
    .box { stroke-width: 1.25; }
    .ours { fill: var(--ours); stroke: var(--ours-edge); }
    .detached { fill: var(--detached); stroke: var(--detached-edge); }
    .kept { fill: var(--kept); stroke: var(--kept-edge); }
    .plain { fill: var(--plain); stroke: var(--plain-edge); }
    .arrow { fill: none; stroke-width: 1.5; }
    .dashed { stroke-dasharray: 5 4; }
    .arrow.control { stroke: var(--line); } .head.control { fill: var(--line); }
    .arrow.content { stroke: var(--content); stroke-width: 2.25; } .head.content { fill: var(--content); }
    .arrow.failure { stroke: var(--failure); } .head.failure { fill: var(--failure); }
    text.content { fill: var(--content); } text.failure { fill: var(--failure); }
`;

/** One picture. What is drawn later lies on top. */
export class Drawing {
  readonly #title: string;
  readonly #description: string;
  readonly #height: number;
  readonly #parts: string[] = [];

  /** @param options the picture's name and, for whoever cannot see it, what it shows. */
  constructor(
    options: { readonly title: string; readonly description: string; readonly height: number },
  ) {
    this.#title = options.title;
    this.#description = options.description;
    this.#height = options.height;
  }

  /** A frame around things that belong together, with its name in the upper left corner, or so far from it. */
  zone(area: Area, name: string, detail = "", indent = 0): void {
    this.#rectangle(area, "zone", 10);
    const [x, y] = [area.x + 12 + indent, area.y + 22];
    this.#text([x, y], name, { classes: "title" });
    if (detail !== "") this.#text([x + 10 + textWidth(name, true), y], detail, { classes: "soft" });
  }

  /** A box with a title and lines of text in its middle. Behind it `copies` more, for things of which there are several. */
  box(
    area: Area,
    what: {
      readonly kind: Kind;
      readonly title?: string;
      readonly lines?: readonly string[];
      readonly copies?: number;
    },
  ): void {
    const { x, y, width, height } = area;
    for (let copy = what.copies ?? 0; copy > 0; copy--) {
      const away = copy * 5;
      this.#rectangle({ ...area, x: x + away, y: y + away }, `box ${what.kind}`, 7);
    }
    this.#rectangle(area, `box ${what.kind}`, 7);
    const lines = [
      ...what.title === undefined ? [] : [{ text: what.title, classes: "title" }],
      ...(what.lines ?? []).map((text) => ({ text, classes: "" })),
    ];
    if (lines.length * LINE_HEIGHT > height) {
      throw new Error(`draw "${lines[0]?.text}": its text is higher than its box`);
    }
    const first = y + (height - (lines.length - 1) * LINE_HEIGHT) / 2 + 4.5;
    for (const [index, { text, classes }] of lines.entries()) {
      const widthOfText = textWidth(text, classes === "title");
      if (widthOfText > width - 2 * PADDING) {
        throw new Error(`draw "${text}": ${Math.ceil(widthOfText)} px do not fit into ${width}`);
      }
      const at: Point = [x + width / 2, first + index * LINE_HEIGHT];
      this.#text(at, text, { classes, anchor: "middle" });
    }
  }

  /** A line through the points with a head at its end, and one at its beginning if it goes both ways. */
  arrow(
    points: readonly Point[],
    how: { readonly flow?: Flow; readonly both?: boolean; readonly dashed?: boolean } = {},
  ): void {
    const { flow = "control" } = how;
    const path = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join(" ");
    const start = how.both === true ? ` marker-start="url(#${flow})"` : "";
    this.#parts.push(
      `<path class="arrow ${flow}${
        how.dashed === true ? " dashed" : ""
      }" d="${path}"${start} marker-end="url(#${flow})"/>`,
    );
  }

  /** Text beside or upon an arrow, or by itself. */
  label(
    at: Point,
    lines: string | readonly string[],
    how: { readonly anchor?: Anchor; readonly flow?: Flow; readonly zoned?: boolean } = {},
  ): void {
    const { anchor = "middle", flow = "control", zoned = false } = how;
    const [x, y] = at;
    for (const [index, text] of [lines].flat().entries()) {
      this.#text([x, y + index * LINE_HEIGHT], text, {
        classes: `${flow === "control" ? "soft" : flow} halo${zoned ? " zoned" : ""}`,
        anchor,
      });
    }
  }

  /** The whole file. */
  toString(): string {
    const heads = (["control", "content", "failure"] as const).map((flow) =>
      `<marker id="${flow}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" ` +
      `markerUnits="userSpaceOnUse" orient="auto-start-reverse">` +
      `<path class="head ${flow}" d="M0 0.8 L10 5 L0 9.2 z"/></marker>`
    );
    const paper: Area = { x: 0.5, y: 0.5, width: PICTURE_WIDTH - 1, height: this.#height - 1 };
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${PICTURE_WIDTH} ${this.#height}" ` +
      `width="${PICTURE_WIDTH}" height="${this.#height}" role="img" aria-labelledby="title description">`,
      `  <title id="title">${escaped(this.#title)}</title>`,
      `  <desc id="description">${escaped(this.#description)}</desc>`,
      `  <style>${STYLE}  </style>`,
      `  <defs>${heads.join("")}</defs>`,
      `  ${rectangle(paper, "paper", 12)}`,
      ...this.#parts.map((part) => `  ${part}`),
      "</svg>\n",
    ].join("\n");
  }

  #rectangle(area: Area, classes: string, radius: number): void {
    this.#parts.push(rectangle(area, classes, radius));
  }

  #text(
    [x, y]: Point,
    text: string,
    how: { readonly classes?: string; readonly anchor?: Anchor } = {},
  ): void {
    const { classes = "", anchor = "start" } = how;
    const attributes = (classes === "" ? "" : ` class="${classes}"`) +
      (anchor === "start" ? "" : ` text-anchor="${anchor}"`);
    const content = segments(text).map(({ part, isCode }) =>
      isCode ? `<tspan class="code">${escaped(part)}</tspan>` : escaped(part)
    ).join("");
    this.#parts.push(`<text x="${x}" y="${y}"${attributes} xml:space="preserve">${content}</text>`);
  }
}

function rectangle({ x, y, width, height }: Area, classes: string, radius: number): string {
  return `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;
}

/** The parts of a text between and outside of backticks. */
function segments(text: string): { part: string; isCode: boolean }[] {
  return text.split("`").map((part, index) => ({ part, isCode: index % 2 === 1 }))
    .filter(({ part }) => part !== "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Width of a text in DejaVu Sans, the widest of the fonts that are asked for, so that it fits in each of them. */
function textWidth(text: string, isTitle = false): number {
  let width = 0;
  for (const { part, isCode } of segments(text)) {
    for (const letter of part) {
      if (isCode) width += 12 * 0.602;
      else width += FONT_SIZE * letterWidth(letter) * (isTitle ? 1.14 : 1);
    }
  }
  return width;
}

/** Of its size. */
function letterWidth(letter: string): number {
  if (" .,:;'|ijl".includes(letter)) return 0.32;
  if ("()[]ft/-r".includes(letter)) return 0.39;
  if ("mMwW@%→".includes(letter)) return 0.92;
  if (/[A-Z]/.test(letter)) return 0.69;
  return 0.61;
}
