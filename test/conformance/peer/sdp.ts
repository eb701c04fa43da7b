/** Session descriptions (RFC 8866) and offer/answer (RFC 3264) as the suite writes and judges them. */

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface OfferParts {
  /** Where audio is to go. */
  readonly port: number;
  readonly address?: string;
  /** Payload types; 0 and 8 are named, 101 is telephone-event. */
  readonly formats?: readonly number[];
  readonly direction?: Direction;
  readonly version?: number;
  readonly protocol?: string;
  /** More lines of the audio stream. */
  readonly lines?: readonly string[];
  /** Whole streams after the audio. */
  readonly streams?: readonly string[];
  /** Lines before the first stream. */
  readonly session?: readonly string[];
}

const names: Readonly<Record<number, string>> = {
  0: 'PCMU/8000',
  8: 'PCMA/8000',
  18: 'G729/8000',
  101: 'telephone-event/8000',
};

/** One audio stream, and whatever else the parts say. */
export function sdp(parts: OfferParts): string {
  const { port, address = '127.0.0.1', formats = [0, 8, 101], direction, version = 1, protocol = 'RTP/AVP' } = parts;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=peer 2890844526 ${version} IN ${family} ${address}`,
    's=-',
    `c=IN ${family} ${address}`,
    't=0 0',
    ...(parts.session ?? []),
    `m=audio ${port} ${protocol} ${formats.join(' ')}`,
    ...formats.flatMap((format) => (names[format] === undefined ? [] : [`a=rtpmap:${format} ${names[format]}`])),
    ...(formats.includes(101) ? ['a=fmtp:101 0-15'] : []),
    ...(direction === undefined ? [] : [`a=${direction}`]),
    ...(parts.lines ?? []),
    ...(parts.streams ?? []),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

export interface MediaLine {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly direction: Direction;
  readonly address: string;
  readonly attributes: readonly string[];
}

export interface Description {
  readonly sessionId: string;
  readonly version: number;
  readonly media: readonly MediaLine[];
  readonly attributes: readonly string[];
}

/** Reads a description of the subject's; throws with what RFC 8866 forbids in it. */
export function readSdp(text: string): Description {
  if (!text.endsWith('\r\n') || /[^\r]\n|\r[^\n]/.test(text)) throw new Error('SDP: a line does not end in CRLF');
  const lines = text.slice(0, -2).split('\r\n');
  const order = lines.map((line) => line[0]).join('');
  if (!/^vosi?u?e*p*c?b*tr*k?a*(mi?c*b*k?a*)*$/.test(order)) throw new Error(`SDP: lines in the order ${order}`);
  if (lines[0] !== 'v=0') throw new Error(`SDP: ${lines[0]}`);
  const origin = /^o=\S+ (\d+) (\d+) IN (IP4|IP6) (\S+)$/.exec(lines[1] ?? '');
  if (!origin) throw new Error(`SDP: ${lines[1]}`);
  const [session = [], ...streams] = split(lines);
  const sessionAddress = addressIn(session);
  const sessionDirection = directionIn(session);
  return {
    sessionId: origin[1] ?? '',
    version: Number(origin[2]),
    attributes: attributesIn(session),
    media: streams.map((stream) => {
      const m = /^m=(\S+) (\d+)(?:\/\d+)? (\S+) (.+)$/.exec(stream[0] ?? '');
      if (!m) throw new Error(`SDP: ${stream[0]}`);
      const port = Number(m[2]);
      const address = addressIn(stream) ?? sessionAddress;
      if (address === undefined && port !== 0) throw new Error('SDP: a stream without c=');
      return {
        type: m[1] ?? '',
        port,
        protocol: m[3] ?? '',
        formats: (m[4] ?? '').split(' '),
        direction: directionIn(stream) ?? sessionDirection ?? 'sendrecv',
        address: address ?? '',
        attributes: attributesIn(stream),
      };
    }),
  };
}

function split(lines: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('m=')) parts.push([]);
    parts.at(-1)?.push(line);
  }
  return parts;
}

function addressIn(lines: readonly string[]): string | undefined {
  return lines.map((line) => /^c=IN IP[46] (\S+)$/.exec(line)?.[1]).find((address) => address !== undefined);
}

function attributesIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.startsWith('a=')).map((line) => line.slice(2));
}

const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

function directionIn(lines: readonly string[]): Direction | undefined {
  return directions.find((direction) => lines.includes(`a=${direction}`));
}

/** Which directions may answer which (RFC 3264 section 6.1). */
const answers: Readonly<Record<Direction, readonly Direction[]>> = {
  sendrecv: ['sendrecv', 'sendonly', 'recvonly', 'inactive'],
  sendonly: ['recvonly', 'inactive'],
  recvonly: ['sendonly', 'inactive'],
  inactive: ['inactive'],
};

/** The answer, read; throws where it is none to this offer. */
export function readAnswer(offerText: string, answerText: string): Description {
  const offer = readSdp(offerText);
  const answer = readSdp(answerText);
  if (offer.media.length !== answer.media.length) {
    throw new Error(`${answer.media.length} streams answer ${offer.media.length} (RFC 3264 section 6)`);
  }
  for (const [index, stream] of answer.media.entries()) {
    const asked = offer.media[index];
    if (!asked) continue;
    const where = `stream ${index + 1} of the answer`;
    if (stream.type !== asked.type || stream.protocol !== asked.protocol) {
      throw new Error(`${where} is ${stream.type} ${stream.protocol}, not ${asked.type} ${asked.protocol}`);
    }
    if (stream.port === 0) continue;
    if (asked.port === 0) throw new Error(`${where} accepts what was not offered`);
    const strange = stream.formats.filter((format) => !asked.formats.includes(format));
    if (strange.length > 0) throw new Error(`${where} has formats that were not offered: ${strange.join(' ')}`);
    if (!answers[asked.direction].includes(stream.direction)) {
      throw new Error(`${where} is ${stream.direction} where ${asked.direction} was offered`);
    }
    const foreign = [...stream.attributes, ...answer.attributes].find((line) =>
      /^(ice-|candidate|ssrc|crypto|fingerprint|setup)/.test(line),
    );
    if (foreign !== undefined) throw new Error(`${where} has a=${foreign}, which belongs to the peer`);
  }
  return answer;
}

/** The one accepted audio stream; throws where there is none. */
export function audioOf(description: Description): MediaLine {
  const [stream, ...others] = description.media.filter(({ type, port }) => type === 'audio' && port > 0);
  if (!stream || others.length > 0) throw new Error(`${others.length + (stream ? 1 : 0)} audio streams are accepted`);
  return stream;
}
