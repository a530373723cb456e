import assert from "node:assert/strict";
import {
  headerLines,
  type HttpResponse,
  MAX_FRAME_BYTES,
  textResponse,
  writeHead,
} from "../../../http/response.ts";

const FORM = { date: "Mon, 30 Nov 2026 00:00:00 GMT", keepsAlive: true };

function headOf(response: HttpResponse, form = FORM): string {
  const target = new Uint8Array(response.headers.length + MAX_FRAME_BYTES);
  return new TextDecoder().decode(target.subarray(0, writeHead(response, form, target)));
}

Deno.test("writeHead: status, headers, length and date", () => {
  assert.equal(
    headOf(textResponse(200, "ünïcode\n")),
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 10\r\n" +
      "date: Mon, 30 Nov 2026 00:00:00 GMT\r\n\r\n",
  );
});

Deno.test("writeHead: the length of any body", () => {
  for (const sizeBytes of [0, 1, 9, 10, 99, 100, 380, 1_000, 65_535, 1_234_567, 32 * 1024 * 1024]) {
    const body = { length: sizeBytes } as Uint8Array;
    const head = headOf({ status: 200, headers: headerLines([]), body });
    assert.match(head, new RegExp(`\r\ncontent-length: ${sizeBytes}\r\ndate: `));
  }
});

Deno.test("writeHead: a connection that ends says so, and what has no content has no length", () => {
  const empty = { status: 304, headers: headerLines([["etag", '"a"']]), body: new Uint8Array() };
  assert.equal(
    headOf(empty, { ...FORM, keepsAlive: false }),
    'HTTP/1.1 304 Not Modified\r\netag: "a"\r\ndate: Mon, 30 Nov 2026 00:00:00 GMT\r\n' +
      "connection: close\r\n\r\n",
  );
});

Deno.test("headerLines: nothing that ends a line gets in, and the connection's headers are left out", () => {
  assert.equal(
    headerLines([["X-A", "b"], ["Connection", "x"], ["content-length", "7"]]),
    "x-a: b\r\n",
  );
  for (
    const [name, value] of [["a", "b\r\nc: d"], ["a", "b\0"], ["a b", "c"], ["a", "ü"]] as const
  ) {
    assert.throws(() => headerLines([[name, value]]), TypeError);
  }
});
