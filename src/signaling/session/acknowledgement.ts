/** Un-ACKed 2xx one dialog may have at once; a peer that sends more re-INVITEs without ACK is put off. */
export const MAX_UNACKNOWLEDGED = 8;

/** The ACK of a 2xx of ours. */
export interface Acknowledgement {
  readonly sdp: string | undefined;
  /** It is that of the INVITE that created the dialog. */
  readonly initial: boolean;
  /** A later 2xx has an offer of ours, and the ACK of that one is still to bring the answer. */
  readonly overtaken: boolean;
}
