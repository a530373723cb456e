/**
 * What a service's fetcher says of its transfers to those who look at this host from elsewhere: rates and peers change all
 * the time and nobody decides by them, so they are asked for here and not written to ZooKeeper.
 *
 * @module
 */

import { z } from "zod";
import type { Transfer } from "../../torrent/mod.ts";
import type { ReplyTo } from "../runtime/mod.ts";
import { type RemoteContract, remoteContract, replyTo } from "../runtime/remote/mod.ts";

/** One release that is being fetched or seeded. */
export interface TransferDetail {
  readonly version: string;
  /** On disk and matching their piece hashes. */
  readonly verifiedBytes: number;
  readonly totalBytes: number;
  /** Averaged over the last seconds. */
  readonly downloadBytesPerSecond: number;
  /** Averaged over the last seconds. */
  readonly uploadBytesPerSecond: number;
  /** Connected peers. */
  readonly peers: number;
}

/** Asks for all transfers of one service, by version. */
export interface TransfersMessage {
  readonly type: "transfers";
  readonly replyTo: ReplyTo<readonly TransferDetail[]>;
}

const detailSchema: z.ZodType<TransferDetail> = z.object({
  version: z.string(),
  verifiedBytes: z.number(),
  totalBytes: z.number(),
  downloadBytesPerSecond: z.number(),
  uploadBytesPerSecond: z.number(),
  peers: z.number(),
});

/** Under this name and schema an agent exports the fetcher of a service. */
export function transfersContract(service: string): RemoteContract<TransfersMessage> {
  return remoteContract(
    `transfers:${service}`,
    z.object({
      type: z.literal("transfers"),
      replyTo: replyTo(z.array(detailSchema).readonly()),
    }),
  );
}

/** The transfers as they stand. */
export function transferDetails(transfers: ReadonlyMap<string, Transfer>): TransferDetail[] {
  return [...transfers].map(([version, transfer]) => {
    const { verifiedBytes, totalBytes, downloadBytesPerSecond, uploadBytesPerSecond, peers } =
      transfer.progress();
    return {
      version,
      verifiedBytes,
      totalBytes,
      downloadBytesPerSecond,
      uploadBytesPerSecond,
      peers,
    };
  });
}

/** Why a transfer stands still though peers could give, in an operator's words; `null`: it does not. */
export function describePause(transfer: Transfer | undefined): string | null {
  const pause = transfer?.progress().paused;
  if (pause === undefined) return null;
  switch (pause.reason) {
    case "disk_full":
      return `disk full, goes on by itself when there is room: ${pause.message}`;
  }
}
