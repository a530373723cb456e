/**
 * The records of zookeeper.jute that the client and the server both read and write.
 *
 * @module
 */

import type { Acl, Stat } from "../types.ts";
import type { JuteReader, JuteWriter } from "./jute.ts";

/** Bytes of a `Stat` on the wire. */
export const statSizeBytes = 68;

/** Writes a `Stat`; 68 bytes. */
export function writeStat(writer: JuteWriter, stat: Stat): void {
  writer.long(stat.czxid);
  writer.long(stat.mzxid);
  writer.longFromNumber(stat.ctimeMs);
  writer.longFromNumber(stat.mtimeMs);
  writer.int(stat.version);
  writer.int(stat.cversion);
  writer.int(stat.aversion);
  writer.long(stat.ephemeralOwner);
  writer.int(stat.dataSizeBytes);
  writer.int(stat.numChildren);
  writer.long(stat.pzxid);
}

/** Reads a `Stat`. */
export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctimeMs: reader.longAsNumber(),
    mtimeMs: reader.longAsNumber(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataSizeBytes: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  };
}

/** Writes an access control list. */
export function writeAcl(writer: JuteWriter, acl: readonly Acl[]): void {
  writer.list(acl, (entry) => {
    writer.int(entry.permissions);
    writer.string(entry.scheme);
    writer.string(entry.id);
  });
}

/** Reads an access control list. */
export function readAcl(reader: JuteReader): Acl[] {
  return reader.list(12, () => ({
    permissions: reader.int(),
    scheme: reader.string(),
    id: reader.string(),
  }));
}

/** The first message of a connection. */
export interface ConnectRequest {
  protocolVersion: number;
  lastZxidSeen: bigint;
  timeoutMs: number;
  /** 0n asks for a new session. */
  sessionId: bigint;
  password: Uint8Array;
  /** Whether a server without a quorum will do; undefined if the client is older than 3.4 and does not know of such. */
  readOnly?: boolean | undefined;
}

/** Writes the handshake of a client of 3.4 or later. */
export function writeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.int(request.protocolVersion);
  writer.long(request.lastZxidSeen);
  writer.int(request.timeoutMs);
  writer.long(request.sessionId);
  writer.buffer(request.password);
  // The readOnly flag. False: a server that has lost its quorum must refuse the client.
  writer.bool(false);
}

/** Reads a handshake, also that of a client older than 3.4. */
export function readConnectRequest(reader: JuteReader): ConnectRequest {
  return {
    protocolVersion: reader.int(),
    lastZxidSeen: reader.long(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer(),
    readOnly: reader.remainingBytes > 0 ? reader.bool() : undefined,
  };
}

/** The server's answer to a handshake. A time-out of 0 means that the session has expired. */
export interface ConnectResponse {
  protocolVersion: number;
  timeoutMs: number;
  sessionId: bigint;
  password: Uint8Array;
}

/** Writes the answer to a handshake, for a client older than 3.4 (`isOldClient`) without the readOnly flag. */
export function writeConnectResponse(
  writer: JuteWriter,
  response: ConnectResponse,
  isOldClient = false,
): void {
  writer.int(response.protocolVersion);
  writer.int(response.timeoutMs);
  writer.long(response.sessionId);
  writer.buffer(response.password);
  if (!isOldClient) writer.bool(false);
}

/** Reads the answer to a handshake, also that of a server older than 3.4. */
export function readConnectResponse(reader: JuteReader): ConnectResponse {
  return {
    protocolVersion: reader.int(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer(),
  };
}

/** The header of every reply and notification. */
export interface ReplyHeader {
  xid: number;
  zxid: bigint;
  error: number;
}

/** Reads the header of a reply. */
export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() };
}

/** Writes the header of a reply. */
export function writeReplyHeader(writer: JuteWriter, header: ReplyHeader): void {
  writer.int(header.xid);
  writer.long(header.zxid);
  writer.int(header.error);
}

/** The header before each operation of a `multi`, before each of its results, and at its end. */
export interface MultiHeader {
  type: number;
  done: boolean;
  error: number;
}

/** Writes a header of a `multi`. */
export function writeMultiHeader(writer: JuteWriter, header: MultiHeader): void {
  writer.int(header.type);
  writer.bool(header.done);
  writer.int(header.error);
}

/** Reads a header of a `multi`. */
export function readMultiHeader(reader: JuteReader): MultiHeader {
  return { type: reader.int(), done: reader.bool(), error: reader.int() };
}

/** The header that ends a `multi` or its reply. */
export const multiEnd: MultiHeader = { type: -1, done: true, error: -1 };
