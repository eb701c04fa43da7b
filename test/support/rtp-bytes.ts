/** Fields of a packet to build; what is absent is 0 or empty. */
export interface RtpFields {
  readonly payloadType?: number;
  readonly marker?: boolean;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payload?: Uint8Array;
}

/** An RTP packet of RFC 3550 section 5.1, without CSRC, extension or padding. */
export function rtpBytes(fields: RtpFields): Buffer {
  const payload = fields.payload ?? new Uint8Array(0);
  const packet = Buffer.alloc(12 + payload.length);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8((fields.marker ? 0x80 : 0) | (fields.payloadType ?? 0), 1);
  packet.writeUInt16BE((fields.sequence ?? 0) & 0xffff, 2);
  packet.writeUInt32BE((fields.timestamp ?? 0) >>> 0, 4);
  packet.writeUInt32BE((fields.ssrc ?? 0) >>> 0, 8);
  packet.set(payload, 12);
  return packet;
}

/** A telephone event payload, RFC 4733 section 2.3. */
export function eventPayload(event: number, duration: number, end: boolean): Buffer {
  return Buffer.from([event, (end ? 0x80 : 0) | 10, (duration >> 8) & 0xff, duration & 0xff]);
}
