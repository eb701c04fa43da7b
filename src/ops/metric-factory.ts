import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';

/** What the documentation lists of a metric. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly labels: readonly string[];
  readonly help: string;
}

type Labels<Name extends string> = Readonly<Partial<Record<Name, string>>>;

/** A counter that events feed. */
export interface FedCounter<Name extends string> {
  /** Adds `amount`, 1 when absent; anything but a positive number adds nothing. */
  add(labels: Labels<Name>, amount?: number): void;
}

/** A histogram or a summary that events feed. */
export interface FedHistogram<Name extends string> {
  /** Takes a value; anything but a number from 0 up is passed over. */
  observe(labels: Labels<Name>, value: number): void;
}

/** What summaries answer: these shares of the values of the last ten minutes are no higher. */
const summaryQuantiles = { percentiles: [0.5, 0.95, 0.99], maxAgeSeconds: 600, ageBuckets: 5 } as const;

/**
 * Makes metrics named `voice_connector_*` in a registry of its own. Figures that come out of calls are checked before
 * they reach prom-client, which throws at a NaN.
 */
export class MetricFactory {
  readonly registry = new Registry();
  readonly #descriptions: MetricDescription[] = [];

  get descriptions(): readonly MetricDescription[] {
    return this.#descriptions;
  }

  /** @param known Label values that are there from the start, at 0: a rate over a first count would miss it. */
  counter<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    known: readonly Labels<Name>[] = [],
  ): FedCounter<Name> {
    const counter = new Counter({ ...this.#common('counter', name, help, labels), labelNames: labels });
    for (const values of known) counter.inc({ ...values }, 0);
    return {
      add: (values, amount = 1) => {
        if (Number.isFinite(amount) && amount > 0) counter.inc({ ...values }, amount);
      },
    };
  }

  histogram<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    buckets: readonly number[],
  ): FedHistogram<Name> {
    const common = this.#common('histogram', name, help, labels);
    const histogram = new Histogram({ ...common, labelNames: labels, buckets: [...buckets] });
    return {
      observe: (values, value) => {
        if (Number.isFinite(value) && value >= 0) histogram.observe({ ...values }, value);
      },
    };
  }

  /**
   * Percentiles of the last ten minutes. After ten minutes without a value there is none: prom-client would say 0, which
   * would be a claim.
   */
  summary<Name extends string>(name: string, help: string, labels: readonly Name[]): FedHistogram<Name> {
    const common = this.#common('summary', name, help, labels);
    const { percentiles, ...age } = summaryQuantiles;
    const summary = new Summary({
      ...common,
      labelNames: labels,
      percentiles: [...percentiles],
      pruneAgedBuckets: true,
      ...age,
    });
    return {
      observe: (values, value) => {
        if (Number.isFinite(value) && value >= 0) summary.observe({ ...values }, value);
      },
    };
  }

  /** A gauge that asks when it is read. When `read` throws, the metric has no value in that answer. */
  gauge<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    read: () => readonly (readonly [Labels<Name>, number])[],
  ): void {
    new Gauge({
      ...this.#common('gauge', name, help, labels),
      labelNames: labels,
      collect(): void {
        this.reset();
        // A gauge without labels begins at 0, which would be a claim.
        if (labels.length === 0) this.remove({});
        for (const [values, value] of attempt(read)) this.set({ ...values }, value);
      },
    });
  }

  /** A counter that somebody else keeps. When `read` throws, it has no value in that answer. */
  polledCounter(name: string, help: string, read: () => number): void {
    new Counter({
      ...this.#common('counter', name, help, []),
      collect(): void {
        this.reset();
        this.remove({});
        const [count] = attempt(() => [read()]);
        if (count !== undefined) this.inc(count);
      },
    });
  }

  #common(type: MetricDescription['type'], shortName: string, help: string, labels: readonly string[]) {
    const name = `voice_connector_${shortName}`;
    this.#descriptions.push({ name, type, labels, help });
    return { name, help, registers: [this.registry] };
  }
}

/** One figure that cannot be had must not cost all the others. */
function attempt<Item>(read: () => readonly Item[]): readonly Item[] {
  try {
    return read();
  } catch {
    return [];
  }
}
