import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConnectorError, errorMessage } from './connector-error.js';
import { fileProblem } from './file-problem.js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, followed by the intermediate ones of its chain. */
  readonly cert: string;
  readonly key: string;
  /** Authorities to trust in place of the system's. */
  readonly ca?: string | undefined;
}

/** What a TLS endpoint shows and trusts: PEM texts that belong together. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  /** When the first certificate of `cert` was or will be valid, ms since the Unix epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Length of its key, bits, where that is too short for many others: they end the handshake. */
  readonly shortKeyBits: number | undefined;
}

/** Below this OpenSSL refuses RSA and DSA keys at its security level 2 (SSL_CTX_set_security_level(3)), which Node.js has from 24 on. */
const SHORTEST_KEY_BITS = 2_048;

/** A file that TLS cannot work with: code `ERR_TLS_FILE`. */
export class TlsFileError extends ConnectorError {
  constructor(
    /** Which of the files. */
    readonly file: keyof TlsFiles,
    message: string,
    options?: ErrorOptions,
  ) {
    super('ERR_TLS_FILE', message, options);
  }
}

/** Reads and checks certificate, key and authorities. Throws {@link TlsFileError}; no message repeats any of a key. */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const cert = await read('cert', files.cert);
  const key = await read('key', files.key);
  const ca = files.ca === undefined ? undefined : await read('ca', files.ca);
  const [certificate] = certificatesOf('cert', cert);
  if (certificate === undefined) throw new TlsFileError('cert', 'holds no PEM certificate');
  if (!certificate.checkPrivateKey(privateKey(key))) {
    throw new TlsFileError('key', 'is not the key of the certificate');
  }
  if (ca !== undefined && certificatesOf('ca', ca).length === 0) {
    throw new TlsFileError('ca', 'holds no PEM certificate');
  }
  const shortKeyBits = shortBits(certificate.publicKey);
  try {
    createSecureContext({ cert, key, ca });
  } catch (error) {
    const why = shortKeyBits === undefined ? '' : `, as its key has ${shortKeyBits} bits`;
    throw new TlsFileError('cert', `cannot be used${why}: ${errorMessage(error)}`, { cause: error });
  }
  const { validFrom, validTo } = certificate;
  return { cert, key, ca, validFromMs: Date.parse(validFrom), validToMs: Date.parse(validTo), shortKeyBits };
}

function shortBits({ asymmetricKeyDetails }: KeyObject): number | undefined {
  const bits = asymmetricKeyDetails?.modulusLength;
  return bits !== undefined && bits < SHORTEST_KEY_BITS ? bits : undefined;
}

async function read(file: keyof TlsFiles, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TlsFileError(file, `cannot be read: ${fileProblem(error)}`, { cause: error });
  }
}

function certificatesOf(file: keyof TlsFiles, text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new TlsFileError(file, 'holds a certificate that cannot be read', { cause });
    }
  });
}

function privateKey(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const help = text.includes('ENCRYPTED') ? 'has a passphrase: give one without' : 'holds no PEM private key';
    throw new TlsFileError('key', help, { cause });
  }
}
