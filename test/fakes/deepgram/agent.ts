import type { TimerHandle } from '../../../src/base/clock.js';
import type { JsonObject } from '../openai-realtime/json-value.js';
import type { SoundRecogniser } from '../openai-realtime/recogniser.js';
import type { Reply } from '../openai-realtime/reply.js';
import type { Mind, MindTurn } from '../openai-realtime/script.js';
import {
  type AgentSettings,
  isClientMessage,
  readAgentSettings,
  type Thinking,
  textOf,
  thinkingOf,
} from './agent-settings.js';
import type { FakeAudioFormat } from './audio-format.js';
import type { Session } from './connection.js';
import { Ear } from './ear.js';
import type { HeardScript } from './heard-script.js';
import { Speaker, type SpeakerParts } from './speaker.js';
import type { TurnRecord } from './timeline.js';

/** Longest prompt for a model that Deepgram runs, characters. */
const MAX_PROMPT = 25_000;
const WAV_HEADER_BYTES = 44;

export interface AgentParts extends SpeakerParts {
  readonly recogniser: SoundRecogniser;
  readonly heard: HeardScript;
  readonly mind: Mind;
  readonly requestId: string;
  /** Numbers for ids. */
  next(): number;
}

/** The Voice Agent API: listens, thinks and speaks over one connection. */
export class AgentSession implements Session {
  readonly #parts: AgentParts;
  readonly #speaker: Speaker;
  #settings: AgentSettings | undefined;
  #thinking: Thinking = { prompt: '', functions: [], managed: true };
  #ear: Ear | undefined;
  #turn: TurnRecord | undefined;
  #idle: TimerHandle | undefined;
  #history: string[] = [];
  /** Calls of the client's that have no result yet. */
  readonly #calls = new Map<string, string>();
  #results: { name: string; output: string }[] = [];
  /** Counts answers: one that was broken off comes to nothing. */
  #generation = 0;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#speaker = new Speaker(parts);
    this.#restartIdle();
    parts.connection.send({ type: 'Welcome', request_id: parts.requestId });
  }

  get inputFormat(): FakeAudioFormat | undefined {
    return this.#settings?.input;
  }

  onAudio(bytes: Buffer): void {
    const ear = this.#ear;
    if (ear === undefined) {
      this.#fail('UNPARSABLE_CLIENT_MESSAGE', 'Audio came before Settings were applied.');
      return;
    }
    this.#restartIdle();
    ear.feed(bytes, (change) => this.#frame(ear, change));
  }

  onControl(message: JsonObject): void {
    this.#restartIdle();
    if (this.#settings === undefined) {
      this.#apply(message);
      return;
    }
    const { connection } = this.#parts;
    if (message['type'] === 'Settings') {
      this.#fail('INVALID_SETTINGS', 'Settings can be sent once.');
      return;
    }
    if (!isClientMessage(message)) {
      this.onUnreadable();
      return;
    }
    switch (message['type']) {
      case 'KeepAlive':
        return;
      case 'FunctionCallResponse':
        this.#functionResult(message);
        return;
      case 'InjectAgentMessage':
        this.#inject(message);
        return;
      case 'InjectUserMessage':
        this.#heard(textOf(message['content']));
        return;
      case 'UpdatePrompt':
        this.#thinking = { ...this.#thinking, prompt: textOf(message['prompt']) };
        connection.send({ type: 'PromptUpdated' });
        return;
      case 'UpdateSpeak':
        connection.send({ type: 'SpeakUpdated' });
        return;
      case 'UpdateThink':
        this.#thinking = thinkingOf(message['think']);
        connection.send({ type: 'ThinkUpdated' });
        return;
      case 'UpdateListen':
        connection.send({ type: 'ListenUpdated' });
        return;
    }
  }

  onUnreadable(): void {
    this.#fail('UNPARSABLE_CLIENT_MESSAGE', 'Could not parse the message.');
  }

  end(): void {
    this.#generation += 1;
    this.#speaker.stop();
    this.#parts.connection.cancel(this.#idle);
  }

  #apply(message: JsonObject): void {
    const { connection, options, recogniser, heard } = this.#parts;
    if (message['type'] !== 'Settings') {
      this.#fail('UNPARSABLE_CLIENT_MESSAGE', 'The first message must be Settings.');
      return;
    }
    const settings = readAgentSettings(message);
    if (typeof settings === 'string') {
      this.#fail('INVALID_SETTINGS', `Settings are invalid: ${settings}.`);
      return;
    }
    this.#settings = settings;
    this.#thinking = settings;
    this.#history = [...settings.history];
    this.#ear = new Ear(settings.input, options.clock, recogniser, heard);
    connection.send({ type: 'SettingsApplied' });
    if (settings.managed && settings.prompt.length > MAX_PROMPT) {
      connection.send({ type: 'Warning', code: 'PROMPT_TOO_LONG', description: 'The prompt is too long.' });
    }
    if (settings.wav) connection.sendAudio(new Uint8Array(WAV_HEADER_BYTES).fill(0x52));
    if (settings.greeting !== '') this.#say(settings.greeting, this.#generation);
  }

  #frame(ear: Ear, change: 'started' | undefined): void {
    const { connection, options, timeline } = this.#parts;
    const { utterance } = ear;
    if (utterance === undefined) return;
    if (change === 'started') {
      this.#turn = {
        service: 'agent',
        connection: connection.record.id,
        startedAtMs: options.clock.now(),
        lastVoicedAtMs: utterance.lastVoicedAtMs,
      };
      timeline.turns.push(this.#turn);
      connection.speaking();
      connection.send({ type: 'UserStartedSpeaking' });
      if (!connection.has('late-audio')) this.#speaker.stop();
      this.#generation += 1;
      this.#cancelCalls();
    }
    if (this.#turn !== undefined) this.#turn.lastVoicedAtMs = utterance.lastVoicedAtMs;
    if (ear.silentMs < options.endSilenceMs) return;
    const text = ear.whole();
    if (this.#turn !== undefined) {
      this.#turn.endedAtMs = options.clock.now();
      this.#turn.text = text;
    }
    ear.end();
    if (text !== '') connection.later(options.delays.finalMs, () => this.#heard(text));
  }

  #heard(text: string): void {
    this.#tell('user', text);
    void this.#answer({ cause: 'caller', heard: text }, this.#turn?.lastVoicedAtMs);
  }

  async #answer(
    { cause, heard }: Pick<MindTurn, 'cause' | 'heard'>,
    sinceMs = this.#parts.options.clock.now(),
  ): Promise<void> {
    const { connection, mind, options, timeline } = this.#parts;
    // What was said beside a call is said to its end.
    if (cause !== 'tool-result') this.#generation += 1;
    const generation = this.#generation;
    const toolResults = this.#results.splice(0);
    timeline.requests.push({
      atMs: options.clock.now(),
      prompt: [this.#thinking.prompt, ...this.#history].join('\n'),
    });
    connection.send({ type: 'AgentThinking', content: '' });
    if (connection.has('think-failed')) {
      this.#fail('FAILED_TO_THINK', 'The model could not be reached.');
      return;
    }
    const { prompt: instructions, functions: tools } = this.#thinking;
    const reply = await mind.reply({ cause, heard, toolResults, instructions, tools });
    const waitMs = sinceMs + (reply.delayMs ?? 0) - options.clock.now();
    connection.later(Math.max(0, waitMs), () => {
      if (generation === this.#generation) this.#carryOut(reply, generation);
    });
  }

  #carryOut(reply: Reply, generation: number): void {
    const { connection } = this.#parts;
    if (reply.text !== undefined && reply.text !== '') this.#say(reply.text, generation);
    const calls = (reply.toolCalls ?? []).map((call) => ({
      id: `call_${this.#parts.next()}`,
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
      client_side: true,
    }));
    if (calls.length === 0) return;
    for (const { id, name } of calls) this.#calls.set(id, name);
    connection.send({ type: 'FunctionCallRequest', functions: calls });
  }

  /** Of the reply that the caller spoke into nothing is used; the client is told of what it was asked for already. */
  #cancelCalls(): void {
    if (this.#calls.size === 0) return;
    const functions = [...this.#calls].map(([id, name]) => ({ id, name }));
    this.#calls.clear();
    this.#results = [];
    this.#parts.connection.send({ type: 'FunctionCallCancelled', functions });
  }

  #functionResult(message: JsonObject): void {
    const id = textOf(message['id']);
    const name = this.#calls.get(id);
    // What comes too late is dropped without a word.
    if (name === undefined) return;
    this.#calls.delete(id);
    const output = textOf(message['content']);
    this.#results.push({ name, output });
    this.#history.push(`${name} = ${output}`);
    if (this.#calls.size === 0) void this.#answer({ cause: 'tool-result', heard: '' });
  }

  #inject(message: JsonObject): void {
    const { connection } = this.#parts;
    const text = textOf(message['message']);
    const behavior = message['behavior'] ?? 'default';
    const userSpeaks = this.#ear?.utterance !== undefined;
    if (behavior === 'interrupt') this.#speaker.stop();
    else if (userSpeaks || (behavior === 'default' && this.#speaker.busy)) {
      const what = userSpeaks ? 'USER' : 'AGENT';
      connection.send({ type: 'InjectionRefused', message: `The ${what.toLowerCase()} is speaking.` });
      const code = `INJECT_AGENT_MESSAGE_DURING_${what}_SPEECH`;
      connection.send({ type: 'Warning', code, description: 'The message was not spoken.' });
      return;
    }
    this.#generation += 1;
    this.#say(text, this.#generation);
  }

  /** Speaks, sentence by sentence; each is told before its sound. */
  #say(text: string, generation: number): void {
    const { connection } = this.#parts;
    const output = this.#settings?.output;
    if (output === undefined) return;
    const sentences = text.match(/[^.!?]+[.!?]*\s*/g) ?? [text];
    this.#speaker.afterwards(() => {
      connection.send({ type: 'AgentStartedSpeaking', total_latency: 0.9, tts_latency: 0.3, ttt_latency: 0.4 });
    });
    for (const sentence of sentences) {
      this.#speaker.afterwards(() => {
        if (generation === this.#generation) this.#tell('assistant', sentence.trim());
      });
      this.#speaker.say(sentence.trim(), output);
    }
    this.#speaker.afterwards(() => connection.send({ type: 'AgentAudioDone' }));
  }

  #tell(role: 'user' | 'assistant', content: string): void {
    const { connection } = this.#parts;
    this.#history.push(`${role}: ${content}`);
    connection.send({ type: 'ConversationText', role, content });
    if (this.#settings?.tellsHistory === true) connection.send({ type: 'History', role, content });
  }

  /** Every `Error` is the end of the session. */
  #fail(code: string, description: string): void {
    const { connection } = this.#parts;
    connection.send({ type: 'Error', description, code });
    connection.close(1011, code);
  }

  #restartIdle(): void {
    const { connection, options } = this.#parts;
    connection.cancel(this.#idle);
    this.#idle = connection.later(options.idleMs, () => {
      this.#fail('CLIENT_MESSAGE_TIMEOUT', 'No message came within the timeout.');
    });
  }
}
