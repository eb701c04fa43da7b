/** Shows how loud a stream is, in an element's custom property `--level`, 0 to 1. */
export class LevelMeter {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #element: HTMLElement;
  #frame = 0;

  constructor(stream: MediaStream, element: HTMLElement) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#element = element;
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#show();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#element.style.setProperty('--level', '0');
    void this.#context.close();
  }

  readonly #show = (): void => {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    // -60 dB and less is nothing, 0 dB all.
    const level = Math.max(0, 1 + (10 * Math.log10(power + 1e-9)) / 60);
    this.#element.style.setProperty('--level', level.toFixed(3));
    this.#frame = requestAnimationFrame(this.#show);
  };
}
