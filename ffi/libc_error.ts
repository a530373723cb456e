/** The only error class of this folder. errno.ts finds out which error it was. */

/** What {@linkcode LibcError} is made of. */
export interface LibcErrorDetails {
  /** errno's name (`ENOMEM`), or `LIBC_UNAVAILABLE`. */
  code: string;
  /** The function that failed, as its manual page calls it. */
  call: string;
  /** The file it was about, if any. */
  path?: string | undefined;
  /** What to do next, where that is known. */
  hint?: string | undefined;
  cause?: unknown;
}

/** A call to libc failed. `code` is errno's name and stable; the message says what to do where that is known. */
export class LibcError extends Error {
  override readonly name = "LibcError";
  /** errno's name (`ENOMEM`), or `LIBC_UNAVAILABLE`. */
  readonly code: string;
  /** The function that failed. */
  readonly call: string;
  /** The file it was about, if any. */
  readonly path: string | undefined;

  constructor(details: LibcErrorDetails) {
    const { code, call, path, hint, cause } = details;
    const subject = path === undefined ? call : `${call} ${path}`;
    super(
      `${subject}: expected success, got ${code}${hint === undefined ? "" : `; ${hint}`}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.call = call;
    this.path = path;
  }
}
