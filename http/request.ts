/**
 * Parses the head of a request (RFC 9112), strictly: whatever two programs could read in two ways is refused, since such
 * requests serve to smuggle others past a proxy. Pure.
 *
 * @module
 */

/** A request that cannot be answered. The response says why, and the connection is closed after it. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";

  /** @param status The status of the response, from 400 to 505. */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** A request without a body. */
export interface HttpRequest {
  /** In upper case, such as `GET`. */
  readonly method: string;
  /** Path and query as they were sent, beginning with `/`. */
  readonly target: string;
  /** The host that was asked for, in lower case and without a port; empty if the client did not say. */
  readonly host: string;
  /** The client's IP address; an IPv4 address in its own form. */
  readonly remoteAddress: string;
  /** The address of this machine to which the client has connected, in the same form. */
  readonly localAddress: string;
  /** The headers as they were sent, each line ending in CRLF; {@link headerOf} reads them. */
  readonly headerLines: string;
  /** Whether the connection may be kept open after the response. */
  readonly keepsAlive: boolean;
}

const METHOD = /^[A-Z]{3,16}$/;
/** Visible ASCII without `"`, `<`, `>`, `\`, `^`, `` ` ``, `{`, `|`, `}`: what RFC 3986 allows, and brackets, which clients send. */
const TARGET = /^[!#-;=?-[\]_a-z~]+$/;
/** Lines of a token, a colon and a value without control characters but tabs (RFC 9110). No line may continue another one. */
const HEADER_LINES = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const SLASH = 0x2f;
/** A space, the version and the line break. */
const VERSION_LENGTH = 11;
/** Host and port, and the rest, of the absolute form of a target. */
const ABSOLUTE = /^http:\/\/([^/?#]+)(.*)$/i;
/** A name, an IPv4 address or an IPv6 address in brackets, and an optional port. */
const AUTHORITY = /^([A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;

/** What the headers of a request say of its connection. */
interface ConnectionHeaders {
  readonly lines: string;
  /** The `Host` header; undefined if there is none. */
  readonly host: string | undefined;
  /** The options of all `Connection` headers. */
  readonly connection: string;
}

/**
 * Clients send the same headers again and again, and so do clients of one kind: most requests have those of the one before,
 * which then need not be parsed.
 */
let latest: ConnectionHeaders = { lines: "", host: undefined, connection: "" };

/**
 * Parses the head of a request: its request line and its headers, each line ending in CRLF, without the empty line.
 *
 * @throws {BadRequest} with the status to answer.
 */
export function parseRequest(
  head: string,
  { remoteAddress, localAddress }: Pick<HttpRequest, "remoteAddress" | "localAddress">,
): HttpRequest {
  const methodEnd = head.indexOf(" ");
  const targetEnd = head.indexOf(" ", methodEnd + 1);
  if (methodEnd < 0 || targetEnd < 0) {
    throw new BadRequest(400, "expected a request line such as: GET / HTTP/1.1");
  }
  const method = head.slice(0, methodEnd);
  if (method !== "GET" && !METHOD.test(method)) {
    throw new BadRequest(400, "expected a method such as GET");
  }
  const isCurrent = head.startsWith(" HTTP/1.1\r\n", targetEnd);
  if (!isCurrent && !head.startsWith(" HTTP/1.0\r\n", targetEnd)) {
    throw new BadRequest(505, "expected HTTP/1.1 or HTTP/1.0");
  }
  const sent = head.slice(methodEnd + 1, targetEnd);
  if (!TARGET.test(sent)) {
    throw new BadRequest(400, "expected a path of printable ASCII characters");
  }
  const headerLines = head.slice(targetEnd + VERSION_LENGTH);
  if (headerLines !== latest.lines) latest = readHeaders(headerLines, method);
  const { host, connection } = latest;
  if (host === undefined && isCurrent) {
    throw new BadRequest(400, "expected a Host header");
  }
  const isPath = sent.charCodeAt(0) === SLASH;
  return {
    method,
    target: isPath ? sent : targetOf(sent),
    host: isPath ? host ?? "" : hostOf(ABSOLUTE.exec(sent)?.[1] ?? ""),
    remoteAddress,
    localAddress,
    headerLines,
    keepsAlive: connection === "" ? isCurrent : keepsAlive(isCurrent, connection),
  };
}

/** The value of a header, by its name in lower case; undefined if it was not sent. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  return headersOf(request).find(([other]) => other === name)?.[1];
}

/** Name, in lower case, and value of each header, in their order. */
export function headersOf({ headerLines }: HttpRequest): [string, string][] {
  return headerLines.split("\r\n").slice(0, -1).map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
}

/** Reads the headers that concern the connection. @throws {BadRequest} for a body, for two hosts, and for what is no header. */
function readHeaders(lines: string, method: string): ConnectionHeaders {
  if (!HEADER_LINES.test(lines)) throw new BadRequest(400, "expected headers such as: Host: name");
  let host: string | undefined;
  let connection = "";
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case "host":
        if (host !== undefined) throw new BadRequest(400, "expected one Host header");
        host = hostOf(value);
        break;
      case "connection":
        connection += `,${value}`;
        break;
      case "content-length":
        if (value !== "0") throw withBody(method);
        break;
      case "transfer-encoding":
        throw withBody(method);
    }
  }
  return { lines, host, connection };
}

/** Whoever sends a body most often wants to change something, which nothing here lets anybody do. */
function withBody(method: string): BadRequest {
  return method === "GET" || method === "HEAD"
    ? new BadRequest(413, "expected a request without a body")
    : new BadRequest(405, "expected GET, without a body");
}

/** The path of the absolute form, which is meant for proxies and must be understood; its host counts, not the header's. */
function targetOf(sent: string): string {
  const rest = ABSOLUTE.exec(sent)?.[2];
  if (rest === undefined) throw new BadRequest(400, "expected a path that begins with /");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function hostOf(authority: string): string {
  if (authority === "") return "";
  const host = AUTHORITY.exec(authority)?.[1];
  if (host === undefined) throw new BadRequest(400, "expected a Host header with a host's name");
  return host.toLowerCase();
}

function keepsAlive(isCurrent: boolean, connection: string): boolean {
  const options = connection.toLowerCase().split(",").map((option) => option.trim());
  if (options.includes("close")) return false;
  return isCurrent || options.includes("keep-alive");
}
