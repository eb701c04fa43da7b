import { FRAME_MS } from '../../media/engine.js';
import { SpeechMeasure } from './speech-measure.js';
import type { TurnDecision } from './turn-decision.js';

/** When a caller interrupts the agent: what an operator chooses for a route. */
export interface InterruptionOptions {
  /** False: the agent is never interrupted; what a caller says meanwhile is answered afterwards. */
  readonly enabled: boolean;
  /** Voiced time that makes an interruption, ms. Where back-channels are listed, more than one of those can take. */
  readonly minSpeechMs: number;
  /** Words that make one, where the flavor transcribes while the caller speaks; 0: length alone suffices. */
  readonly minWords: number;
  /** Time since the onset after which a sound that is over is none, ms; words are waited for as long after its end. */
  readonly rejectAfterMs: number;
  /** Words and phrases of a listener, which interrupt nobody. Empty: whatever is long enough interrupts. */
  readonly backchannels: readonly string[];
  /** False: the greeting is heard to its end. */
  readonly greeting: boolean;
  /** So long after the agent begins or ends to speak, a sound counts only if it outlasts that time (echo), ms. */
  readonly echoGuardMs: number;
}

/** As good as never, ms; a number that V8 keeps within the object, unlike infinity. */
const LONG_AGO_MS = 2 ** 30;

/** Times that follow from how people speak. Chosen on the tuning part of the caller corpus. */
export interface TurnTakingTimes {
  /** Unvoiced time that ends a run of voice, ms. Bridges the stops inside words. */
  readonly runGapMs: number;
  /** Unvoiced time after which a sound is over that no word explains, ms. Bridges the pauses inside sentences. */
  readonly endGapMs: number;
  /** Time that a sound with its gaps must take to be no back-channel, ms: "okay" takes up to 600. */
  readonly backChannelMs: number;
  /** Voice after which a stretch whose onset was rejected is looked at again, ms. */
  readonly renewMs: number;
  /** No onset stays undecided for longer, ms: a television may go on for ever. */
  readonly undecidedMs: number;
  /** Words that come so long after their onset was rejected still make it a turn, ms. */
  readonly lateWordsMs: number;
  /** What each pause for nothing costs, and the debt above which first signs no longer pause, ms. */
  readonly vainMs: number;
  readonly maxVainMs: number;
}

export const defaultTurnTakingTimes = {
  runGapMs: 160,
  endGapMs: 360,
  backChannelMs: 620,
  renewMs: 60,
  undecidedMs: 3000,
  lateWordsMs: 5000,
  vainMs: 4000,
  maxVainMs: 6000,
} as const satisfies TurnTakingTimes;

/** What a transcriber made of the present stretch of speech, so far. */
export interface Words {
  readonly count: number;
  /** Nothing but words of a listener. */
  readonly backChannel: boolean;
  readonly final: boolean;
}

/**
 * When the caller's voice means a turn, an interruption, or nothing. Pure bookkeeping, fed by the media plane's voice
 * detector and playout, 50 times a second without allocation, and by what the flavor hears; the call carries out what
 * it returns.
 *
 * The barge-in is reversible: with the first sign of a voice the agent is paused. Words confirm it, or a sound too long
 * for a back-channel; a cough or "mm-hm" lets the agent go on where it stopped.
 */
export class TurnTaking {
  readonly #options: InterruptionOptions;
  readonly #times: TurnTakingTimes;
  /** What the agent says now may be interrupted. */
  #interruptible = false;
  #agentSpeaking = false;
  /** Since the agent began or ended to speak. */
  #agentAgeMs = LONG_AGO_MS;
  #callerSpeaking = false;
  /** The host's own detector hears the present stretch, too. */
  #heardByHost = false;
  /** The caller's present stretch of speech counts as a turn: nobody was interrupted by it, or the agent was. */
  #turnOpen = false;
  /**
   * - `stirring`: the agent is paused for a first sign of speech.
   * - `guarded`: speech has begun that may be the agent's echo; the agent is not paused.
   * - `undecided`: speech has begun, and the agent is paused.
   */
  #onset: 'none' | 'stirring' | 'guarded' | 'undecided' = 'none';
  #sinceOnsetMs = 0;
  /** How long the agent was held up by what stirred before the onset began, ms. */
  #heldBeforeMs = 0;
  /** Runs are counted from the agent's first sound at the earliest, `activeMs` from the latest back-channel. */
  readonly #speech: SpeechMeasure;
  /** Of the present stretch. */
  #words = 0;
  #backChannel = false;
  /** The present run of voice stayed undecided for too long. */
  #givenUp = false;
  /** The latest stretch's onset was rejected so long ago. */
  #sinceRejectedMs = LONG_AGO_MS;
  #wasStirring = false;
  #vainMs = 0;
  /** The flavor has transcribed words while they were spoken. */
  #timelyWords = false;

  constructor(options: InterruptionOptions, times: TurnTakingTimes = defaultTurnTakingTimes) {
    this.#options = options;
    this.#times = times;
    this.#speech = new SpeechMeasure(times.runGapMs);
  }

  /** An onset that was announced waits for its verdict. */
  get pending(): boolean {
    return this.#onset === 'undecided' || this.#onset === 'guarded';
  }

  get callerSpeaking(): boolean {
    return this.#callerSpeaking;
  }

  /** The caller speaks, says the flavor, and the host's own detector has not said so. */
  get heardByFlavorAlone(): boolean {
    return this.#callerSpeaking && !this.#heardByHost;
  }

  /** Words of which no sound was heard would interrupt the agent now, and are none that its latest rejection awaits. */
  get heedsStrayWords(): boolean {
    if (this.#callerSpeaking || this.#sinceRejectedMs <= this.#times.lateWordsMs) return false;
    return this.#agentSpeaking && this.#interruptible && !this.#guarded();
  }

  /** A stretch of caller speech that will end in `end-turn` is under way. */
  get turnOpen(): boolean {
    return this.#turnOpen;
  }

  /** How many frames come next may decide something, not only the one in which a voice begins or ends. */
  get counting(): boolean {
    const talksOver = this.#agentSpeaking && this.#interruptible;
    return this.#onset !== 'none' || (this.#callerSpeaking && (!this.#turnOpen || talksOver));
  }

  /** Time since the latest run of voice began, its gaps included, ms. */
  get runAgeMs(): number {
    return this.#speech.runAgeMs;
  }

  /** Agent audio begins to leave the socket. */
  onAgentStarted(): void {
    this.#agentSpeaking = true;
    this.#agentAgeMs = 0;
    this.#speech.resetRun();
  }

  /** Whether what the agent says may be interrupted. An onset that is undecided gets its verdict all the same. */
  setInterruptible(interruptible: boolean): void {
    this.#interruptible = interruptible;
  }

  /** No agent audio is queued any more. */
  onAgentStopped(): TurnDecision {
    this.#agentSpeaking = false;
    this.#agentAgeMs = 0;
    if (this.#onset === 'stirring') return this.#settle('release');
    if (this.#onset !== 'undecided') return undefined;
    this.#turnOpen = true;
    return this.#settle('accept-resumed');
  }

  /** The host's detector reports speech that began `onsetMsAgo` ago, all of it voiced as far as it can tell. */
  onVoiceStarted(onsetMsAgo: number): TurnDecision {
    this.#heardByHost = true;
    if (!this.#callerSpeaking) return this.#begin(onsetMsAgo);
    // The flavor was first to hear it. The frames that the detector needed were not counted as voiced.
    this.#speech.atLeast(onsetMsAgo);
    return undefined;
  }

  /** The flavor reports speech, of which the host has heard nothing if no stretch is under way. */
  onFlavorHeard(): TurnDecision {
    if (this.#callerSpeaking) return undefined;
    this.#heardByHost = false;
    return this.#begin(0);
  }

  /** Silence long enough to end a turn. */
  onVoiceStopped(): TurnDecision {
    this.#callerSpeaking = false;
    if (this.#onset === 'undecided') return this.#reject('resume');
    if (this.#onset === 'guarded') return this.#reject('dismiss');
    if (!this.#turnOpen) return undefined;
    this.#turnOpen = false;
    return 'end-turn';
  }

  /** No more of the caller will be heard for a while. */
  onCutOff(): TurnDecision {
    this.#wasStirring = false;
    if (this.#onset === 'stirring') return this.#settle('release');
    return this.#callerSpeaking ? this.onVoiceStopped() : undefined;
  }

  /** One 20 ms frame of the caller, with the detector's verdict and its first sign of speech. */
  onFrame(voiced: boolean, stirring: boolean): TurnDecision {
    this.#speech.push(voiced);
    this.#agentAgeMs += FRAME_MS;
    this.#sinceRejectedMs += FRAME_MS;
    this.#vainMs = Math.max(0, this.#vainMs - FRAME_MS);
    const stirs = stirring && !this.#wasStirring;
    this.#wasStirring = stirring;
    switch (this.#onset) {
      case 'none':
        return this.#callerSpeaking ? this.#goesOn() : this.#listensUp(stirs);
      case 'stirring':
        return this.#judgeStirring(stirring);
      case 'guarded':
        return this.#judgeGuarded();
      case 'undecided':
        return this.#judgeOnset();
    }
  }

  /** Words of the present stretch of speech, or of the latest if none is under way. */
  onWords(words: Words): TurnDecision {
    if (words.count === 0) return undefined;
    if (this.#callerSpeaking) this.#timelyWords = true;
    if (this.#onset === 'undecided') return this.#judgeWords(words);
    if (this.#onset !== 'none' || this.#turnOpen || words.backChannel || !this.#enough(words)) return undefined;
    if (this.#sinceRejectedMs > this.#times.lateWordsMs) return undefined;
    const interrupts = this.#agentSpeaking && this.#interruptible;
    if (this.#callerSpeaking) return this.#confirm(interrupts ? 'late-interrupt' : 'late-turn');
    this.#sinceRejectedMs = LONG_AGO_MS;
    if (interrupts) this.#agentSpeaking = false;
    return interrupts ? 'missed-interrupt' : 'missed-turn';
  }

  /**
   * Another decision (a digit, the API) has interrupted the agent. True: an onset was pending, and is rejected. What
   * goes with a key press is mostly no speech; if it is, it becomes a late turn.
   */
  onInterruptedOtherwise(): boolean {
    const wasPending = this.pending;
    if (wasPending) this.#reject('resume');
    this.#onset = 'none';
    this.#agentSpeaking = false;
    return wasPending;
  }

  /** A stretch of speech begins. */
  #begin(onsetMsAgo: number): TurnDecision {
    const held = this.#onset === 'stirring';
    this.#heldBeforeMs = held ? Math.max(0, this.#sinceOnsetMs - onsetMsAgo) : 0;
    this.#callerSpeaking = true;
    this.#sinceOnsetMs = onsetMsAgo;
    this.#speech.begin(onsetMsAgo);
    this.#words = 0;
    this.#backChannel = false;
    this.#givenUp = false;
    this.#sinceRejectedMs = LONG_AGO_MS;
    if (!held && this.#guarded()) {
      this.#onset = 'guarded';
      return undefined;
    }
    if (!held && !(this.#agentSpeaking && this.#interruptible)) {
      this.#turnOpen = true;
      return 'accept';
    }
    this.#onset = 'undecided';
    return held ? undefined : 'pause';
  }

  /** What sounds now may be the agent's own echo. */
  #guarded(): boolean {
    return this.#agentAgeMs < this.#options.echoGuardMs;
  }

  /** Nobody speaks but perhaps the agent. */
  #listensUp(stirs: boolean): TurnDecision {
    if (!stirs || !this.#agentSpeaking || !this.#interruptible || this.#guarded()) return undefined;
    if (this.#vainMs > this.#times.maxVainMs) return undefined;
    this.#onset = 'stirring';
    this.#sinceOnsetMs = 0;
    return 'pause';
  }

  #judgeStirring(stirring: boolean): TurnDecision {
    this.#sinceOnsetMs += FRAME_MS;
    if (stirring && this.#sinceOnsetMs < this.#options.rejectAfterMs) return undefined;
    this.#vainMs += this.#times.vainMs;
    return this.#settle('release');
  }

  #judgeGuarded(): TurnDecision {
    this.#sinceOnsetMs += FRAME_MS;
    if (this.#guarded()) return undefined;
    if (this.#speech.runMs === 0) return this.#reject('dismiss');
    if (this.#agentSpeaking && this.#interruptible) {
      this.#onset = 'undecided';
      return 'pause';
    }
    return this.#confirm('accept');
  }

  #judgeOnset(): TurnDecision {
    this.#sinceOnsetMs += FRAME_MS;
    if (this.#isLongEnough()) return this.#confirm('interrupt');
    if (!this.#isOver()) return undefined;
    this.#givenUp = this.#speech.runMs > 0;
    return this.#reject('resume');
  }

  /** Whether the sound has ended and nothing more can be learnt about it. */
  #isOver(): boolean {
    const { undecidedMs, endGapMs } = this.#times;
    const { rejectAfterMs } = this.#options;
    if (this.#sinceOnsetMs + this.#heldBeforeMs >= undecidedMs) return true;
    if (this.#speech.runMs > 0) return false;
    if (this.#backChannel) return true;
    // Of a sound that the host has not heard at all, the whole time is a gap.
    const gapMs = Math.min(this.#speech.gapMs, this.#sinceOnsetMs);
    return this.#timelyWords ? gapMs >= rejectAfterMs : gapMs >= endGapMs && this.#sinceOnsetMs >= rejectAfterMs;
  }

  #judgeWords(words: Words): TurnDecision {
    this.#backChannel = words.backChannel;
    if (!words.backChannel) {
      this.#words = words.count;
      return this.#enough(words) ? this.#confirm('interrupt') : undefined;
    }
    this.#speech.activeMs = 0;
    return words.final && this.#speech.runMs === 0 ? this.#reject('resume') : undefined;
  }

  #enough(words: Words): boolean {
    return words.count >= Math.max(1, this.#options.minWords);
  }

  /** Whether the sound, by its length alone, is an interruption. */
  #isLongEnough(): boolean {
    const { minSpeechMs, minWords, backchannels } = this.#options;
    if (this.#speech.voicedMs < minSpeechMs) return false;
    if (backchannels.length > 0 && this.#speech.activeMs < this.#times.backChannelMs) return false;
    return minWords === 0 || !this.#timelyWords || this.#words >= minWords;
  }

  /** A stretch of speech that has its verdict goes on. */
  #goesOn(): TurnDecision {
    if (this.#guarded()) return undefined;
    const talksOver = this.#agentSpeaking && this.#interruptible;
    if (this.#speech.runMs === 0) this.#givenUp = false;
    if (!this.#turnOpen && talksOver) {
      if (this.#givenUp || this.#speech.runMs < this.#times.renewMs) return undefined;
      this.#onset = 'undecided';
      this.#sinceOnsetMs = this.#speech.runAgeMs;
      this.#heldBeforeMs = 0;
      return 'renew';
    }
    // Long enough is long enough, whatever became of the onset.
    if (this.#speech.runMs < this.#options.minSpeechMs) return undefined;
    if (!this.#turnOpen) return this.#confirm('late-turn');
    return talksOver ? this.#confirm('talk-over') : undefined;
  }

  #confirm<Decision extends TurnDecision>(decision: Decision): Decision {
    if (decision !== 'late-turn' && decision !== 'accept') this.#agentSpeaking = false;
    this.#turnOpen = true;
    this.#sinceRejectedMs = LONG_AGO_MS;
    return this.#settle(decision);
  }

  #reject<Decision extends TurnDecision>(decision: Decision): Decision {
    this.#sinceRejectedMs = 0;
    // What the host has not heard by now it does not wait for: the flavor's stretch is over.
    if (!this.#heardByHost) this.#callerSpeaking = false;
    return this.#settle(decision);
  }

  #settle<Decision extends TurnDecision>(decision: Decision): Decision {
    this.#onset = 'none';
    return decision;
  }
}
