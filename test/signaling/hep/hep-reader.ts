/** The chunks of a HEP3 packet by type. Throws where its lengths do not fit together. */
export function chunksOf(packet: Buffer | undefined): ReadonlyMap<number, Buffer> {
  if (packet?.toString('latin1', 0, 4) !== 'HEP3') throw new Error('no HEP3 packet');
  if (packet.readUInt16BE(4) !== packet.length) throw new Error('another length than it says');
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; at += packet.readUInt16BE(at + 4)) {
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + packet.readUInt16BE(at + 4)));
  }
  return chunks;
}
