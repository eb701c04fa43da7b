/** Where the management interface of OpenSIPS is. */
export type MiAddress =
  | { readonly protocol: 'udp'; readonly host: string; readonly port: number }
  /** mi_http: the whole URL. */
  | { readonly protocol: 'http'; readonly url: string }
  /** mi_fifo: the FIFO OpenSIPS reads from, and the directory where it looks for those it writes answers to. */
  | { readonly protocol: 'fifo'; readonly path: string; readonly replyDirectory: string };

/** A way to OpenSIPS's management interface: texts out, texts in, nothing promised. `MiClient` does the rest. */
export interface MiLink {
  /** IP literal that OpenSIPS was reached at last: its name may mean another one each time. `undefined`: not yet. */
  readonly address: string | undefined;
  /** Throws `ERR_LISTEN` when this machine cannot do it at all; that OpenSIPS is not there is no reason. */
  open(onAnswer: (text: string) => void): Promise<void>;
  /** Never throws. What cannot be sent is lost. */
  send(request: string): void;
  close(): Promise<void>;
}

/** Longest answer that is read, bytes: `ua_session_list` of one session is a few hundred. */
export const MAX_ANSWER_BYTES = 65_536;
