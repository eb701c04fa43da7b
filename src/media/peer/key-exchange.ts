import type { DtlsServer, DtlsServerDeps } from '../dtls/dtls-server.js';
import type { DtlsFingerprint } from '../engine.js';

/** One association of DTLS with one peer, we being the server. */
export type KeyExchange = Pick<DtlsServer, 'receive' | 'tick' | 'close'>;

/** Begins one. @param fingerprints of the peer's certificate, one of which has to be right */
export type BeginKeyExchange = (fingerprints: readonly DtlsFingerprint[], deps: DtlsServerDeps) => KeyExchange;
