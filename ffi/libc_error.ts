/** The one error of this folder. Finding out which error it was is errno.ts. */

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

/** A call to libc failed. `code` is errno's name and stable; the message says what to do if known. */
export class LibcError extends Error {
  override readonly name = "LibcError";
  readonly code: string;
  readonly call: string;
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
