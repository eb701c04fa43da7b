import { encodeMulaw } from '../../src/audio/g711.js';
import { CallAccount } from '../../src/call/call-account.js';
import { Conversation } from '../../src/call/conversation.js';
import type { ConversationHandlers } from '../../src/call/conversation-options.js';
import type { ReplyWatchOptions } from '../../src/call/reply-watch.js';
import { SessionLink } from '../../src/call/session/session-link.js';
import type { SilenceWatchOptions } from '../../src/call/silence-watch.js';
import type { InterruptionOptions } from '../../src/call/turns/turn-taking.js';
import type { FlavorCapabilities } from '../../src/flavor-api/index.js';
import type { StreamEvent } from '../../src/media/engine.js';
import { AdaptiveJitterBuffer } from '../../src/media/jitter/adaptive-jitter-buffer.js';
import { RtpStream } from '../../src/media/stream/rtp-stream.js';
import { StreamCodecs } from '../../src/media/stream/stream-codecs.js';
import { createVoiceDetector } from '../../src/media/voice/vad.js';
import { PacingWheel } from '../../src/media/wheel/pacing-wheel.js';
import { defaultCallLimits, defaultInterruptionOptions, defaultReplyWatchOptions } from './call-policies.js';
import { FakeClock } from './fake-clock.js';
import { agentCapabilities, FakeSession } from './fake-flavor.js';
import { freeMeter } from './free-meter.js';
import { rtpBytes } from './rtp-bytes.js';
import { SeededRandom } from './seeded-random.js';
import { createKeptLog } from './silent-log.js';
import { runnerOf } from './tool-runner.js';

const FRAME_SAMPLES = 160;
const RTP_HEADER_BYTES = 12;
const PHONE = { address: '192.0.2.1', port: 4000 };

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const formats = { input: mulaw, output: mulaw };
const identity = { id: 'c1', direction: 'inbound', from: '', to: '', route: '1', flavor: 'f', startedAtMs: 0 } as const;

/** A packet of the agent's as it left: mu-law codes, and when ({@link FakeClock}). */
export interface SentPacket {
  readonly atMs: number;
  readonly codes: Uint8Array;
}

/** What is not as usual about a call. */
export interface SimulatedTalk {
  readonly capabilities?: Partial<FlavorCapabilities>;
  /** Default: the usual wait, and a reply time-out of ten minutes. */
  readonly reply?: ReplyWatchOptions;
  readonly handlers?: Partial<ConversationHandlers>;
  /** Default: ten minutes of it are nothing. */
  readonly silence?: SilenceWatchOptions;
}

type Ack = StreamEvent & { readonly type: 'ack' };

/**
 * A call between a phone and an agent at simulated time: the media plane, the voice detector and the conversation are the
 * connector's own, from the phone's packets to those it gets back; clock, socket and the agent's mind are the test's.
 */
export class SimulatedCall {
  readonly clock = new FakeClock();
  readonly session: FakeSession;
  readonly account: CallAccount;
  /** What left for the phone. */
  readonly sent: SentPacket[] = [];
  /** Commands as they took effect. */
  readonly acks: Ack[] = [];
  readonly #stream: RtpStream;
  readonly #conversation: Conversation;
  #sequence = 0;

  /** `seed`: how the phone's packets lie between the connector's slots. */
  constructor(options: Partial<InterruptionOptions> = {}, seed = 1, talking: SimulatedTalk = {}) {
    const { clock } = this;
    const random = new SeededRandom(seed);
    const log = createKeptLog();
    const { signal } = new AbortController();
    this.account = new CallAccount(identity, [], { clock, log, emit: () => {}, meter: freeMeter });
    const context = { headers: new Map(), variables: {}, tools: [], history: [], render: (text: string) => text };
    this.session = new FakeSession({ ...identity, signal, ...formats, ...context, log });
    const link = new SessionLink(this.session, { onEnded: () => {}, onMisbehaviour: () => {} });
    let conversation: Conversation | undefined;
    this.#stream = new RtpStream(
      { family: 4, latching: { nat: false, strict: false }, rtpTimeoutMs: 0 },
      {
        clock,
        wheel: new PacingWheel(clock),
        random,
        jitterBuffer: new AdaptiveJitterBuffer(),
        codecs: new StreamCodecs(),
        voice: createVoiceDetector(),
        tap: undefined,
        port: {
          local: { address: '127.0.0.1', port: 40_000 },
          // Packets are reused: what is kept is a copy.
          send: (bytes) =>
            this.sent.push({ atMs: clock.now(), codes: new Uint8Array(bytes.subarray(RTP_HEADER_BYTES)) }),
          sendRtcp: () => {},
        },
        listener: {
          onFrame: (frame) => conversation?.onFrame(frame),
          onEvent: (event) => {
            if (event.type === 'ack') this.acks.push(event);
            conversation?.onStreamEvent(event);
          },
        },
        onClosed: () => {},
      },
    );
    const talk = new Conversation(
      {
        ...defaultCallLimits,
        capabilities: { ...agentCapabilities, ...talking.capabilities },
        formats,
        silence: talking.silence ?? { limitMs: 600_000, repromptMs: 600_000, reprompts: 0 },
        reply: talking.reply ?? { ...defaultReplyWatchOptions, replyTimeoutMs: 600_000 },
        interruption: { ...defaultInterruptionOptions, ...options },
        greets: undefined,
      },
      { stream: this.#stream, link, notes: this.account, tools: runnerOf(), control: noControl, signal: () => signal },
      { ...noHandlers, ...talking.handlers },
      clock,
    );
    conversation = talk;
    this.#conversation = talk;
    link.listen((event) => talk.onFlavorEvent(event));
    this.#stream.connect({
      codec: { name: 'pcmu', payloadType: 0 },
      dtmfPayloadType: undefined,
      remote: PHONE,
      direction: 'sendrecv',
      ptimeMs: 20,
    });
    clock.advance(random.integer(20));
    this.account.onAnswered(clock.now(), clock.now());
  }

  /** The phone sends 20 ms of sound, and 20 ms pass until its next packet. 160 samples. */
  async frame(samples: Int16Array): Promise<void> {
    const payload = new Uint8Array(FRAME_SAMPLES);
    encodeMulaw(samples, payload);
    this.#sequence += 1;
    const bytes = rtpBytes({ sequence: this.#sequence, timestamp: this.#sequence * FRAME_SAMPLES, ssrc: 5, payload });
    this.#stream.receiveRtp(bytes, PHONE, this.clock.now());
    for (let elapsed = 0; elapsed < 20; elapsed += 5) {
      this.clock.advance(5);
      await settle();
    }
  }

  /** The caller presses a key, which interrupts at once. */
  press(digit: string): void {
    this.#conversation.onDigit(digit);
  }

  close(): void {
    this.#stream.close();
  }
}

const noControl = {
  hangUp: () => true,
  transfer: async () => ({ ok: false, status: 501 }),
  sendDigits: async () => {},
  hold: async () => {},
  pauseRecording: () => false,
};

const noHandlers = {
  onReprompt: () => {},
  onSilenceLimit: () => {},
  onCallerReturned: () => {},
  onWaiting: () => {},
  onReplyTimeout: () => {},
  onBusy: () => {},
  onSpeaking: () => {},
  onReply: () => {},
  onAnswerHeard: () => {},
  onFiller: () => {},
};

/** What the session says reaches the conversation through promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
}
