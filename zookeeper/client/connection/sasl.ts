/**
 * SASL DIGEST-MD5 (RFC 2831) as ZooKeeper speaks it: the client begins with an empty token, the server sends a
 * challenge, and each side proves that it knows the password without sending it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ZooKeeperError } from "../../errors.ts";
import { secureRandomBytes } from "../../random.ts";

/** Name and password for a server that has a JAAS configuration. */
export interface SaslCredentials {
  /** The `<name>` of a `user_<name>` entry in the server's `Server` section. */
  username: string;
  /** The password in that entry. */
  password: string;
  /** The server's name in the digest. Default `zk-sasl-md5`, which is the one of every ZooKeeper. */
  hostname?: string | undefined;
}

/** The service's name in the digest's URI; servers refuse another one unless they are configured for it. */
const service = "zookeeper";
const defaultHostname = "zk-sasl-md5";

/**
 * Authenticates the connection. `exchange` sends one token to the server and returns its answer.
 *
 * @throws {ZooKeeperError} `AUTH_FAILED` if either side fails to prove that it knows the password.
 */
export async function authenticateDigestMd5(
  credentials: SaslCredentials,
  exchange: (token: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const challenge = parseDirectives(decode(await exchange(new Uint8Array(0))));
  const nonce = challenge.get("nonce");
  if (nonce === undefined || challenge.get("algorithm") !== "md5-sess") {
    throw failed("expected a DIGEST-MD5 challenge, something else was there");
  }
  const digest = {
    username: credentials.username,
    password: credentials.password,
    realm: challenge.get("realm") ?? "",
    nonce,
    cnonce: Array.from(secureRandomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    ),
    uri: `${service}/${credentials.hostname ?? defaultHostname}`,
  };
  const proof = await exchange(encode(responseText(digest)));
  const answer = parseDirectives(decode(proof)).get("rspauth");
  if (answer !== digestValue(digest, "")) {
    throw failed("the server did not prove that it knows the password; is it the right server?");
  }
}

/** The input of a digest, by the names of RFC 2831. */
export interface DigestInput {
  username: string;
  password: string;
  realm: string;
  nonce: string;
  cnonce: string;
  uri: string;
}

/** Computes the digest of RFC 2831, 2.1.2.1. `method` is `AUTHENTICATE` for the client, empty for the server. */
export function digestValue(input: DigestInput, method: string): string {
  const secret = md5(encode(`${input.username}:${input.realm}:${input.password}`)).digest();
  const first = md5(secret).update(encode(`:${input.nonce}:${input.cnonce}`)).digest("hex");
  const second = md5(encode(`${method}:${input.uri}`)).digest("hex");
  return md5(encode(`${first}:${input.nonce}:00000001:${input.cnonce}:auth:${second}`))
    .digest("hex");
}

/** Parses `name=value,name="value"`; a backslash in quotes escapes the next character. */
export function parseDirectives(text: string): Map<string, string> {
  const directives = new Map<string, string>();
  const pattern = /([a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))/gi;
  for (const [, name = "", quoted, plain] of text.matchAll(pattern)) {
    directives.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "");
  }
  return directives;
}

function responseText(input: DigestInput): string {
  const quote = (value: string) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
  return [
    "charset=utf-8",
    `username=${quote(input.username)}`,
    `realm=${quote(input.realm)}`,
    `nonce=${quote(input.nonce)}`,
    "nc=00000001",
    `cnonce=${quote(input.cnonce)}`,
    `digest-uri=${quote(input.uri)}`,
    "maxbuf=65536",
    `response=${digestValue(input, "AUTHENTICATE")}`,
    "qop=auth",
  ].join(",");
}

function failed(detail: string): ZooKeeperError {
  return new ZooKeeperError({ code: "AUTH_FAILED", operation: "sasl", detail });
}

function md5(bytes: Uint8Array) {
  return createHash("md5").update(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
