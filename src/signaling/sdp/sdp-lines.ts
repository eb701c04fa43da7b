import { ConnectorError } from '../../base/connector-error.js';

/** Bounds on what a peer may make us read. A real offer, WebRTC included, stays far below each of them. */
export const sdpLimits = {
  textBytes: 65_536,
  mediaLines: 32,
  formatsPerLine: 128,
} as const;

/** One `<type>=<value>` line of a session description (RFC 8866 section 5). */
export interface SdpLine {
  /** Counted from 1 in the text as received. */
  readonly number: number;
  /** A single lower-case letter. */
  readonly type: string;
  readonly value: string;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EQUALS = 0x3d;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** An `ERR_SDP_INVALID` that names the line. */
export function invalidSdp(lineNumber: number, problem: string): ConnectorError {
  return new ConnectorError('ERR_SDP_INVALID', `SDP line ${lineNumber}: ${problem}`);
}

/**
 * Peer text made fit for an error message: printable ASCII, at most 60 characters. Only m= and c= lines are quoted: an
 * o= or s= line may hold a phone number.
 */
export function quoteSdp(text: string): string {
  const clean = text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?');
  return `"${clean}${text.length > 60 ? '...' : ''}"`;
}

/**
 * Splits a session description into lines. CRLF is the rule, LF and CR alone are taken too (RFC 8866 section 5), and
 * empty lines are skipped: some senders end the body with one. Linear in the length of `text`.
 *
 * @throws ConnectorError `ERR_SDP_INVALID`: empty, over {@link sdpLimits}, or a line that is not `<letter>=<value>`.
 */
export function readSdpLines(text: string): SdpLine[] {
  if (text.length > sdpLimits.textBytes) {
    throw new ConnectorError('ERR_SDP_INVALID', `SDP is longer than ${sdpLimits.textBytes} bytes`);
  }
  const lines: SdpLine[] = [];
  let start = 0;
  for (let number = 1; start < text.length; number += 1) {
    let end = start;
    while (end < text.length && !isLineBreak(text.charCodeAt(end))) end += 1;
    if (end > start) lines.push(readSdpLine(text.slice(start, end), number));
    const isCrLf = text.charCodeAt(end) === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED;
    start = end + (isCrLf ? 2 : 1);
  }
  if (lines.length === 0) throw new ConnectorError('ERR_SDP_INVALID', 'SDP is empty');
  return lines;
}

function isLineBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}

function readSdpLine(line: string, number: number): SdpLine {
  const letter = line.charCodeAt(0);
  if (letter < LOWER_A || letter > LOWER_Z || line.charCodeAt(1) !== EQUALS) {
    throw invalidSdp(number, 'expected "<letter>=<value>"');
  }
  return { number, type: line.charAt(0), value: line.slice(2).trimEnd() };
}
