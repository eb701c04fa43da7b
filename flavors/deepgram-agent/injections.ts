import { Alarm, type Clock } from 'sip-voice-connector/cascade';

/** Words of the host's for the agent to say. */
export interface HostWords {
  readonly text: string;
  /** They only bridge a wait: of no use later. */
  readonly aside: boolean;
}

interface Told extends HostWords {
  said: boolean;
  /** Something was said since that is not known to be this. */
  passed: boolean;
}

/** Words that were refused are tried again after this, ms; so many may wait, and so many may be under way. */
const AGAIN_MS = 300;
const MOST = 16;
/** By so many characters words are known again: they come sentence by sentence. */
const TELLING = 20;

/** What the host has the agent say, in order, until it is said. Deepgram refuses it while somebody speaks, and names nothing. */
export class Injections {
  readonly #send: (words: HostWords) => void;
  readonly #again: Alarm;
  /** Told, and not known to be said. */
  #told: Told[] = [];
  #refused: HostWords[] = [];

  constructor(clock: Clock, send: (words: HostWords) => void) {
    this.#again = new Alarm(clock);
    this.#send = send;
  }

  say(words: HostWords): void {
    // Nothing overtakes what was asked for before.
    if (this.#refused.length > 0 && !words.aside) this.#keep(words);
    else this.#tell(words);
  }

  /** The agent says this. True: words of the host's. */
  onSaid(content: string): boolean {
    const mine = this.#told.find(({ text }) => text.startsWith(content.slice(0, TELLING)));
    if (mine) mine.said = true;
    else for (const each of this.#told) each.passed = true;
    return mine !== undefined;
  }

  /** All of something was said: of the host's words those that are known to be it, else the first that may be. */
  onSpoken(): void {
    const said = this.#told.findIndex((each) => each.said);
    const at = said < 0 ? this.#told.findIndex(({ passed }) => passed) : said;
    if (at >= 0) this.#told.splice(at, 1);
  }

  /** Somebody was speaking: what came first was refused first. */
  onRefused(): void {
    const at = this.#told.findIndex(({ said }) => !said);
    const [refused] = at < 0 ? [] : this.#told.splice(at, 1);
    if (refused && !refused.aside) this.#keep(refused);
  }

  /** Another connection knows nothing of it. False: there is nothing to be said. */
  again(): boolean {
    const told = this.#told;
    this.#told = [];
    for (const words of told) this.#tell(words);
    return told.length > 0;
  }

  /** Nothing of it is wanted any more. */
  clear(): void {
    this.#again.clear();
    this.#told = [];
    this.#refused = [];
  }

  #keep({ text, aside }: HostWords): void {
    if (this.#refused.length >= MOST) return;
    this.#refused.push({ text, aside });
    if (this.#again.pending) return;
    this.#again.set(AGAIN_MS, () => {
      for (const words of this.#refused.splice(0)) this.#tell(words);
    });
  }

  #tell({ text, aside }: HostWords): void {
    this.#told.push({ text, aside, said: false, passed: false });
    if (this.#told.length > MOST) this.#told.shift();
    this.#send({ text, aside });
  }
}
