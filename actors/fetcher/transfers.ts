/**
 * The remote contract by which a service's fetcher shows its transfers to `rollcall status`. Rates and peers change all the
 * time and no rule depends on them, so they are asked for here and not written to ZooKeeper.
 *
 * @module
 */

import { z } from "zod";
import type { Transfer, TransferProgress } from "../../torrent/mod.ts";
import type { ReplyTo } from "../runtime/mod.ts";
import { type RemoteContract, remoteContract, replyTo } from "../runtime/remote/mod.ts";

/** One release that is being fetched or seeded. */
export interface TransferDetail {
  readonly version: string;
  /** Bytes on disk that match their piece hashes. */
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

/** The name and schema under which an agent exports the fetcher of a service. */
export function transfersContract(service: string): RemoteContract<TransfersMessage> {
  return remoteContract(
    `transfers:${service}`,
    z.object({
      type: z.literal("transfers"),
      replyTo: replyTo(z.array(detailSchema).readonly()),
    }),
  );
}

/** The current state of the transfers. */
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

/** Why a transfer is paused although peers could send, in an operator's words; `null`: it is not. */
export function describePause(progress: TransferProgress | undefined): string | null {
  const pause = progress?.paused;
  if (pause === undefined) return null;
  switch (pause.reason) {
    case "disk_full":
      return `disk full, goes on by itself when there is room: ${pause.message}`;
  }
}
