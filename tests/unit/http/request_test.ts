import assert from "node:assert/strict";
import fc from "fast-check";
import { BadRequest, headerOf, headersOf, parseRequest } from "../../../http/request.ts";
import { fuzzInputs } from "../../support/fuzz.ts";

const ADDRESSES = { remoteAddress: "10.0.0.1", localAddress: "10.0.0.2" };

function parse(...lines: readonly string[]) {
  return parseRequest(lines.map((line) => `${line}\r\n`).join(""), ADDRESSES);
}

function assertRefused(status: number, ...lines: readonly string[]): void {
  assert.throws(
    () => parse(...lines),
    (error) => error instanceof BadRequest && error.status === status,
    JSON.stringify(lines),
  );
}

Deno.test("parseRequest: method, target, host and headers", () => {
  const request = parse("GET /announce?a=%20b HTTP/1.1", "Host: Tracker:8000", "X-A:  b c\t");
  const { method, target, host, remoteAddress, keepsAlive } = request;
  assert.deepEqual([method, target, host], ["GET", "/announce?a=%20b", "tracker"]);
  assert.deepEqual([remoteAddress, keepsAlive], ["10.0.0.1", true]);
  assert.deepEqual(headersOf(request), [["host", "Tracker:8000"], ["x-a", "b c"]]);
  assert.equal(headerOf(request, "x-a"), "b c");
  assert.equal(headerOf(request, "x-b"), undefined);
});

Deno.test("parseRequest: the connection is kept as HTTP/1.1 and HTTP/1.0 say", () => {
  const keeps = (version: string, ...headers: string[]) =>
    parse(`GET / ${version}`, "Host: a", ...headers).keepsAlive;
  assert.equal(keeps("HTTP/1.1"), true);
  assert.equal(keeps("HTTP/1.1", "Connection: Close"), false);
  assert.equal(keeps("HTTP/1.1", "connection: upgrade", "Connection: close"), false);
  assert.equal(keeps("HTTP/1.1", "Connection: keep-alive"), true);
  assert.equal(keeps("HTTP/1.0"), false);
  assert.equal(keeps("HTTP/1.0", "Connection: keep-alive"), true);
  assert.equal(parse("GET / HTTP/1.0").host, "");
});

Deno.test("parseRequest: the host of an absolute target counts before the header's", () => {
  const request = parse("GET http://A.example:80/x?y HTTP/1.1", "Host: b");
  assert.deepEqual([request.host, request.target], ["a.example", "/x?y"]);
  assert.equal(parse("GET http://a HTTP/1.1", "Host: b").target, "/");
  assert.equal(parse("GET http://[::1]:80/ HTTP/1.1", "Host: b").host, "[::1]");
});

Deno.test("parseRequest: what two programs could read in two ways is refused", () => {
  const host = "Host: a";
  assertRefused(400, "");
  assertRefused(400, "GET /");
  assertRefused(505, "GET /", "Host: a");
  assertRefused(400, "get / HTTP/1.1", host);
  assertRefused(400, "GET /\x01 HTTP/1.1", host);
  assertRefused(400, "GET x HTTP/1.1", host);
  assertRefused(400, "GET ftp://a/ HTTP/1.1", host);
  assertRefused(505, "GET  / HTTP/1.1", host);
  assertRefused(505, "GET / HTTP/2.0", host);
  assertRefused(505, "GET / b HTTP/1.1", host);
  assertRefused(400, "GET / HTTP/1.1");
  assertRefused(400, "GET / HTTP/1.1", host, host);
  assertRefused(400, "GET / HTTP/1.1", "Host: a b");
  assertRefused(400, "GET / HTTP/1.1", 'Host: a"><script>');
  assertRefused(400, "GET / HTTP/1.1", host, "no colon");
  assertRefused(400, "GET / HTTP/1.1", host, "X : spaced");
  assertRefused(400, "GET / HTTP/1.1", host, " folded: line");
  assertRefused(400, "GET / HTTP/1.1", host, "X: a\nY: b");
  assertRefused(400, "GET / HTTP/1.1", host, "X: \0");
  assertRefused(413, "GET / HTTP/1.1", host, "Content-Length: 5");
  assertRefused(405, "POST / HTTP/1.1", host, "content-length: 0, 5");
  assertRefused(405, "POST / HTTP/1.1", host, "Transfer-Encoding: chunked");
  assert.equal(parse("POST / HTTP/1.1", host, "Content-Length: 0").method, "POST");
});

Deno.test("parseRequest: any bytes are a request or a BadRequest, and a request has no line breaks in it", () => {
  const token = fc.constantFrom(
    ...["GET", "HEAD", " ", "/", "http://a", "HTTP/1.1", "HTTP/1.0", "\r\n", "\n", "\r", ":"],
    ...["Host", "host: a", "Connection: close", "Content-Length: 0", "\0", "\xff", "%0d%0a", "a"],
  );
  const bytes = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  const head = fc.oneof(bytes, fc.array(token, { maxLength: 14 }).map((parts) => parts.join("")));
  fc.assert(
    fc.property(head, (text) => {
      try {
        const { method, target, host } = parseRequest(text, ADDRESSES);
        assert.ok(!/[\r\n\0 ]/.test(method + target + host));
        assert.ok(target.startsWith("/"));
      } catch (error) {
        assert.ok(error instanceof BadRequest, String(error));
      }
    }),
    fuzzInputs(2_000),
  );
});
