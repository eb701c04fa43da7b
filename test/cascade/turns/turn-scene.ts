import { dueMs, turnStep } from '../../../src/cascade/turns/turn-machine.js';
import {
  initialTurnState,
  type TurnCommand,
  type TurnEvent,
  type TurnOptions,
  type TurnState,
  turnDefaults,
} from '../../../src/cascade/turns/turn-state.js';
import { FlavorError } from '../../../src/flavor-api/index.js';

export const brokenWire = new FlavorError('ERR_FLAVOR_NETWORK', 'broken', true);

/** A turn machine with a clock: time passes only when told to, and what falls due on the way happens. */
export class TurnScene {
  state: TurnState = initialTurnState;
  nowMs = 0;
  readonly commands: TurnCommand[] = [];
  readonly #options: TurnOptions;

  constructor(options: Partial<TurnOptions> = {}) {
    this.#options = { ...turnDefaults, ...options };
  }

  send(event: TurnEvent): readonly TurnCommand[] {
    const step = turnStep(this.state, event, this.nowMs, this.#options);
    this.state = step.state;
    this.commands.push(...step.commands);
    return step.commands;
  }

  pass(ms: number): readonly TurnCommand[] {
    const endMs = this.nowMs + ms;
    const commands: TurnCommand[] = [];
    for (let due = dueMs(this.state, this.#options); due !== undefined && due <= endMs; ) {
      this.nowMs = Math.max(this.nowMs, due);
      commands.push(...this.send({ type: 'time' }));
      const next = dueMs(this.state, this.#options);
      if (next !== undefined && next <= this.nowMs) throw new Error(`due again at ${next} ms: time does not go on`);
      due = next;
    }
    this.nowMs = endMs;
    return commands;
  }

  /** A voice from now on, accepted at once, as while the agent is silent. */
  talk(): void {
    this.send({ type: 'voice-started', positionMs: this.nowMs });
    this.send({ type: 'onset', verdict: 'accepted', positionMs: this.nowMs });
  }

  hush(): void {
    this.send({ type: 'voice-stopped', positionMs: this.nowMs, voicedUntilMs: this.nowMs });
  }

  words(text: string, final = true): readonly TurnCommand[] {
    return this.send({ type: 'transcript', text, final });
  }

  /** The caller says `text`, for a second, and it is recognised at once. */
  say(text: string): void {
    this.talk();
    this.pass(1_000);
    this.hush();
    this.words(text);
  }

  types(): readonly string[] {
    return this.commands.map(({ type }) => type);
  }

  of<Type extends TurnCommand['type']>(type: Type): readonly Extract<TurnCommand, { readonly type: Type }>[] {
    return this.commands.flatMap((command) => (isOf(command, type) ? [command] : []));
  }

  get answering(): number {
    return this.state.active?.id ?? 0;
  }
}

function isOf<Type extends TurnCommand['type']>(
  command: TurnCommand,
  type: Type,
): command is Extract<TurnCommand, { readonly type: Type }> {
  return command.type === type;
}
