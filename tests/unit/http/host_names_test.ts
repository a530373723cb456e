import assert from "node:assert/strict";
import { answerOnlyTo, HostNames } from "../../../http/host_names.ts";
import type { HttpRequest } from "../../../http/request.ts";
import { type HttpResponse, textResponse } from "../../../http/response.ts";

Deno.test("HostNames: addresses, names without a dot and in private domains, this machine's, and those that are given", () => {
  const names = new HostNames(["Tracker.Example.com", "[2001:db8::1]"]);
  for (
    const host of [
      ...["", "127.0.0.1", "10.1.2.3", "[::1]", "localhost", "a.localhost", "tracker", "web-1"],
      ...["nas.local", "tracker.dc1.internal", "tracker.example.com", "TRACKER.example.com."],
      Deno.hostname(),
    ]
  ) assert.equal(names.includes(host), true, host);
});

Deno.test("HostNames: no name that a stranger can register", () => {
  const names = new HostNames(["tracker.example.com"]);
  for (
    const host of [
      ...["evil.example.com", "example.com", "127.0.0.1.evil.com", "localhost.evil.com"],
      ...["a.tracker.example.com", "tracker.example.com.evil.com", "1.2.3", "internal.com"],
    ]
  ) assert.equal(names.includes(host), false, host);
});

Deno.test("answerOnlyTo: another name gets status 403 and what to do", async () => {
  const handler = answerOnlyTo(new HostNames(), "add it", () => textResponse(200, "secret"));
  const ask = async (host: string): Promise<HttpResponse> => await handler({ host } as HttpRequest);
  assert.equal((await ask("localhost")).status, 200);
  const { status, body } = await ask("rebound.evil.com");
  assert.equal(status, 403);
  assert.match(new TextDecoder().decode(body), /asked for "rebound\.evil\.com"; .* add it/);
});
