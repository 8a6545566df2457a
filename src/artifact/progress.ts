import type { RegistryEvent } from "../registry/events.ts";

/** A part of a file, as it goes to a registry or comes from one. */
export interface TransferPiece {
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes: of the file where it is pushed, as they are stored where it is pulled. */
  readonly size: number;
}

/** What is told while results go to a registry or come from one; pieces overlap. */
export type TransferEvent =
  /** Of what all pieces consist; `index` below counts in it. */
  | { readonly type: "pieces"; readonly pieces: readonly TransferPiece[] }
  /** `bytes` of the piece's `size` have come. */
  | { readonly type: "piece"; readonly index: number; readonly bytes: number; readonly size: number }
  /** The piece is there, and was checked. */
  | { readonly type: "piece-done"; readonly index: number }
  /** What happens between this program and a registry. */
  | RegistryEvent;

export type OnTransferEvent = (event: TransferEvent) => void;
