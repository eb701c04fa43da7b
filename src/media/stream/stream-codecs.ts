import { codeReader } from '../codecs/code-reader.js';
import { DecodingReader } from '../codecs/decoding-reader.js';
import type { FrameDecoder, FrameEncoder } from '../codecs/frame-codec.js';
import { G722FrameDecoder, G722FrameEncoder } from '../codecs/g722-codec.js';
import { ownPacketBuffers, type PacketBufferSource } from '../codecs/packet-buffers.js';
import type { PacketReader } from '../codecs/packet-reader.js';
import { PacketWriter } from '../codecs/packet-writer.js';
import { packetTimeOf, phoneCodings } from '../codecs/phone-codec.js';
import type { OpusFormat, PhoneCodec } from '../engine.js';
import { OpusFrameDecoder, OpusFrameEncoder } from '../opus/opus-codec.js';
import { type OpusEncoding, type OpusLibrary, opusFormatDefaults } from '../opus/opus-library.js';

/** Opus as an engine has it. */
export interface LoadedOpus {
  readonly library: OpusLibrary;
  readonly encoding: OpusEncoding;
}

/** Makes the codecs of streams, which keep state and are therefore made anew for each. */
export class StreamCodecs {
  readonly #opus: LoadedOpus | undefined;
  readonly #buffers: PacketBufferSource;
  /** What writers of Opus were made for. */
  readonly #formats = new WeakMap<PacketWriter, OpusFormat>();

  /**
   * @param opus `undefined` where Opus is not offered: a stream that is told to speak it all the same fails
   * @param buffers where packets are made
   */
  constructor(opus?: LoadedOpus, buffers: PacketBufferSource = ownPacketBuffers) {
    this.#opus = opus;
    this.#buffers = buffers;
  }

  /** For the jitter buffer. */
  createReader(codec: PhoneCodec): PacketReader {
    const decoder = this.createDecoder(codec);
    return decoder === undefined ? codeReader : new DecodingReader(decoder);
  }

  /** `undefined` for G.711, whose codes need none. */
  createDecoder({ name }: PhoneCodec): FrameDecoder | undefined {
    switch (name) {
      case 'pcmu':
      case 'pcma':
        return undefined;
      case 'g722':
        return new G722FrameDecoder();
      case 'opus':
        return new OpusFrameDecoder(this.#loaded().library);
    }
  }

  /**
   * For the packets that a stream sends: `current` where nothing changes for it, so that the far end's decoder need not
   * follow an encoder that begins anew.
   * @param ptimeMs as agreed; the packets are as long as the codec can, at most that
   */
  writerFor(codec: PhoneCodec, ptimeMs: number, current: PacketWriter | undefined): PacketWriter {
    const coding = phoneCodings[codec.name];
    const packetMs = packetTimeOf(coding, ptimeMs);
    const format = codec.opus ?? opusFormatDefaults;
    const isSame = current?.coding === coding && current.ptimeMs === packetMs;
    if (isSame && (codec.name !== 'opus' || isSameFormat(format, this.#formats.get(current)))) return current;
    const encoder = this.#createEncoder(codec.name, format, packetMs);
    const writer = new PacketWriter(coding, encoder, packetMs, this.#buffers);
    if (codec.name === 'opus') this.#formats.set(writer, format);
    return writer;
  }

  #createEncoder(name: PhoneCodec['name'], format: OpusFormat, ptimeMs: number): FrameEncoder | undefined {
    switch (name) {
      case 'pcmu':
      case 'pcma':
        return undefined;
      case 'g722':
        return new G722FrameEncoder(ptimeMs);
      case 'opus': {
        const { library, encoding } = this.#loaded();
        return new OpusFrameEncoder(library, format, encoding);
      }
    }
  }

  #loaded(): LoadedOpus {
    if (this.#opus === undefined) throw new TypeError('Opus was agreed on, but is not loaded');
    return this.#opus;
  }
}

function isSameFormat(one: OpusFormat, other: OpusFormat | undefined): boolean {
  return (
    one.maxPlaybackRate === other?.maxPlaybackRate &&
    one.maxAverageBitrate === other.maxAverageBitrate &&
    one.inbandFec === other.inbandFec &&
    one.dtx === other.dtx &&
    one.constantBitrate === other.constantBitrate
  );
}
