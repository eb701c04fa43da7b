import { Alarm, DigitCollector } from 'sip-voice-connector/cascade';
import {
  type AudioFrame,
  bytesPerMs,
  bytesPerSample,
  type CallContext,
  FlavorError,
  type FlavorEvent,
  FlavorEventQueue,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SessionPatch,
  type SpeakRequest,
  type ToolResult,
} from 'sip-voice-connector/flavor';
import { AgentVoice } from './agent-voice.js';
import { CallerAudio } from './caller-audio.js';
import type { AgentConfig } from './config.js';
import { type HostWords, Injections } from './injections.js';
import { Line, type LineDeps } from './line.js';
import { fromTheHost, goOn, pressedKeys, resultOf } from './phrases.js';
import type { ServerMessage } from './server-message.js';
import { type CallSetup, settingsOf, setupOf, thinkOf } from './settings.js';
import { ToolDesk } from './tool-desk.js';

/** The time connected is reported so often, ms. */
const USAGE_EVERY_MS = 30_000;
/** Additions to the context that are kept. */
const MAX_CONTEXTS = 50;

/** Says that something went as it must in a conversation of two who speak at once. */
const benignWarnings: ReadonlySet<string> = new Set([
  'INJECT_AGENT_MESSAGE_DURING_USER_SPEECH',
  'INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH',
  'SLOW_THINK_REQUEST',
]);

/** One call. */
export class AgentSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #call: CallContext;
  readonly #config: AgentConfig;
  readonly #line: Line;
  readonly #audio = new CallerAudio(() => this.#onAudioLost());
  readonly #voice: AgentVoice;
  readonly #tools: ToolDesk;
  readonly #digits: DigitCollector;
  readonly #usage: Alarm;
  readonly #answer: Alarm;
  readonly #injections: Injections;
  #setup: CallSetup;
  /** What the latest connection was told. */
  #told: CallSetup | undefined;
  /** Something was said in the call, or heard. */
  #begun = false;
  /** Without what was added to them. */
  #instructions: string;
  #contexts: string[] = [];
  #positionMs = 0;
  #turns = 0;
  #reportedMs = 0;
  /** What the agent owes: an answer to what was said, or the rest of one. */
  #owed: 'nothing' | 'answer' | 'rest' = 'nothing';
  /** What the caller was last understood to say. */
  #lastHeard = '';
  /** When the speech under way is over, what follows is not passed on. */
  #hushAfter = false;
  /** Words of the user that the host has said in their place, so that they are not taken for a turn. */
  readonly #pretended = new Set<string>();
  readonly #onAbort = (): void => this.#end({ type: 'end', reason: 'aborted' });

  constructor(config: AgentConfig, call: CallContext, deps: LineDeps) {
    this.#config = config;
    this.#call = call;
    const { clock } = deps;
    this.#usage = new Alarm(clock);
    this.#answer = new Alarm(clock);
    this.#injections = new Injections(clock, (words) => this.#inject(words));
    this.#setup = setupOf(config, call);
    this.#instructions = this.#setup.instructions;
    const push = (event: FlavorEvent): void => this.events.push(event);
    this.#voice = new AgentVoice({
      bytesPerMs: bytesPerMs(call.output),
      bytesPerSample: bytesPerSample(call.output.encoding),
      push,
    });
    this.#line = new Line(
      config,
      {
        // What was said since is known to the next connection as well: of a call taken over, `history` is of that moment.
        settings: () => {
          this.#told = this.#setup;
          return settingsOf(config, call, { ...this.#setup, history: call.history });
        },
        onMessage: (message) => this.#onMessage(message),
        onAudio: (bytes) => this.#onAudio(bytes),
        onWarning: (error) => push({ type: 'warning', error }),
        onLost: () => this.#onLost(),
        onReady: () => this.#onReady(),
        onFailed: (error) => this.#end({ type: 'end', reason: 'failed', error }),
      },
      deps,
    );
    this.#tools = new ToolDesk({
      push,
      send: (message) => this.#line.send(message),
      onLate: (name, output) => this.#userMessage(resultOf(name, output)),
    });
    this.#digits = new DigitCollector(config.digitPauseMs, clock, (digits) => this.#userMessage(pressedKeys(digits)));
  }

  /** Connects. Rejects when there is no agent to be had. */
  async open(): Promise<this> {
    const { signal } = this.#call;
    signal.throwIfAborted();
    signal.addEventListener('abort', this.#onAbort, { once: true });
    try {
      await this.#line.open(signal);
      signal.throwIfAborted();
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#meter();
    return this;
  }

  get awaitedInputMs(): number {
    return this.#audio.awaitedMs;
  }

  write({ data, positionMs }: AudioFrame): void {
    if (this.events.ended) return;
    this.#positionMs = positionMs;
    this.#audio.write(data);
  }

  start(): void {
    this.#voice.release();
  }

  speak({ text, instructions, aside = false }: SpeakRequest): void {
    if (this.events.ended) return;
    if (text !== undefined && text.trim() !== '') this.#injections.say({ text: text.trim(), aside });
    else if (instructions !== undefined && !aside) this.#userMessage(fromTheHost(instructions));
  }

  interrupt(_cause: InterruptCause): void {
    this.#injections.clear();
    this.#owed = 'nothing';
    this.#voice.mute();
  }

  onPlayout(_report: PlayoutReport): void {
    // Deepgram keeps the dialogue, and takes no correction of what was heard; another connection is told the truth.
  }

  onDtmf(digits: string): void {
    if (!this.events.ended) this.#digits.add(digits);
  }

  onToolResult(result: ToolResult): void {
    if (this.events.ended) return;
    switch (this.#tools.onResult(result)) {
      case 'answer':
        this.#expectAnswer();
        this.#voice.renew(true);
        return;
      case 'silence':
        // There is no way to ask it for none: what it says about the result is not passed on. What it says beside the
        // call is, such as a goodbye.
        if (this.#voice.responseId === undefined) this.#voice.mute();
        else this.#hushAfter = true;
        return;
      case 'more':
        return;
    }
  }

  async update({ instructions, context, tools }: SessionPatch): Promise<void> {
    if (context !== undefined) this.#contexts = [...this.#contexts, context].slice(-MAX_CONTEXTS);
    if (instructions !== undefined) this.#instructions = instructions;
    this.#setup = {
      ...this.#setup,
      instructions: [this.#instructions, ...this.#contexts].join('\n\n'),
      tools: tools !== undefined && this.#config.tools ? tools : this.#setup.tools,
    };
    if (tools === undefined) this.#line.send({ type: 'UpdatePrompt', prompt: this.#setup.instructions });
    else this.#line.send({ type: 'UpdateThink', think: thinkOf(this.#config, this.#setup) });
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'text':
        this.#begun = true;
        if (message.role === 'user') this.#onHeard(message.content);
        else this.#onSaid(message.content);
        return;
      case 'user-started':
        this.#begun = true;
        this.#answer.clear();
        this.#audio.onSpeech();
        this.#owed = 'nothing';
        this.#hushAfter = false;
        this.#voice.breakOff();
        this.events.push({ type: 'speech-started', positionMs: this.#positionMs });
        return;
      case 'thinking':
      case 'agent-started':
        this.#voice.renew(false);
        this.#expectAnswer();
        return;
      case 'audio-done':
        this.#answer.clear();
        this.#owed = 'nothing';
        this.#injections.onSpoken();
        this.#voice.done();
        if (this.#hushAfter) this.#voice.mute();
        this.#hushAfter = false;
        return;
      case 'functions':
        this.#answer.clear();
        this.#owed = 'nothing';
        if (!this.#tools.onCalls(message.calls, this.#voice.responseId)) this.#fault('a call with wrong arguments');
        return;
      case 'functions-cancelled':
        this.#tools.onCancelled(message.ids);
        return;
      case 'injection-refused':
        this.#injections.onRefused();
        return;
      case 'warning':
        if (!benignWarnings.has(message.code)) this.#fault('a warning');
        return;
      case 'welcome':
      case 'settings-applied':
      case 'error':
        return;
    }
  }

  #onHeard(content: string): void {
    this.#audio.onUnderstood();
    this.#lastHeard = content;
    this.#voice.renew(true);
    // What was put into its mouth by the host is no turn of the caller's.
    if (this.#pretended.delete(content)) return;
    this.#turns += 1;
    this.events.push({
      type: 'transcript',
      role: 'caller',
      turnId: `turn-${this.#turns}`,
      text: content,
      final: true,
    });
    this.#expectAnswer();
  }

  #onSaid(content: string): void {
    this.#voice.renew(this.#injections.onSaid(content));
    this.#owed = this.#voice.muted ? 'nothing' : 'rest';
    this.#voice.text(content);
  }

  #onAudio(bytes: Uint8Array): void {
    this.#begun = true;
    this.#answer.clear();
    this.#voice.audio(bytes);
  }

  #userMessage(content: string): void {
    this.#pretended.add(content);
    this.#lastHeard = content;
    this.#line.send({ type: 'InjectUserMessage', content });
    this.#expectAnswer();
  }

  #inject({ text, aside }: HostWords): void {
    // After an interruption, whatever the agent still says is not wanted.
    const behavior = this.#voice.muted ? 'interrupt' : aside ? 'default' : 'queue';
    this.#line.send({ type: 'InjectAgentMessage', message: text, behavior });
  }

  #expectAnswer(): void {
    if (this.#owed === 'nothing') this.#owed = 'answer';
    this.#answer.set(this.#config.answerTimeoutMs, () => {
      this.#line.giveUp(new FlavorError('ERR_FLAVOR_TIMEOUT', 'Deepgram took too long to answer', true));
    });
  }

  #onLost(): void {
    this.#answer.clear();
    this.#audio.detach();
    this.#tools.onLost();
    this.#voice.done();
    // The greeting is over, or what is owed says so; unless nothing of it has come yet.
    if (this.#begun) this.#setup = { ...this.#setup, greeting: '' };
  }

  #onReady(): void {
    this.#audio.attach(this.#line);
    const owed = this.#owed;
    this.#owed = 'nothing';
    this.#voice.renew(true);
    // It may have changed since the settings were sent.
    if (this.#told !== this.#setup) this.#line.send({ type: 'UpdateThink', think: thinkOf(this.#config, this.#setup) });
    if (this.#injections.again()) return;
    if (owed === 'rest') this.#userMessage(goOn());
    else if (owed === 'answer' && this.#lastHeard !== '' && !this.#audio.pending) this.#userMessage(this.#lastHeard);
  }

  #onAudioLost(): void {
    const error = new FlavorError('ERR_FLAVOR_NETWORK', 'caller audio was lost: the network does not take it', true);
    this.events.push({ type: 'warning', error });
  }

  #meter(): void {
    this.#usage.set(USAGE_EVERY_MS, () => {
      this.#reportUsage();
      this.#meter();
    });
  }

  #reportUsage(): void {
    const quantity = Math.round(this.#line.connectedMs - this.#reportedMs);
    this.#reportedMs += quantity;
    if (quantity <= 0) return;
    this.events.push({ type: 'usage', provider: 'deepgram', model: 'voice-agent', unit: 'audio-ms', quantity });
  }

  #fault(what: string): void {
    const error = new FlavorError('ERR_FLAVOR_PROTOCOL', `Deepgram sent ${what}`, true);
    this.events.push({ type: 'warning', error });
  }

  #end(event: FlavorEvent & { readonly type: 'end' }): void {
    if (this.events.ended) return;
    this.#close();
    this.#reportUsage();
    this.events.push(event);
  }

  #close(): void {
    this.#call.signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    this.#audio.detach();
    this.#tools.close();
    this.#digits.close();
    this.#injections.clear();
    for (const alarm of [this.#usage, this.#answer]) alarm.clear();
  }
}
