/** One value of Prometheus' text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of `GET /metrics` (text format 0.0.4); lines that are none are passed over. */
export function metricSamples(text: string): readonly MetricSample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(
      ([, label = '', written = '']) => [label, unescaped(written)] as const,
    );
    return [{ name, labels: new Map(pairs), value: Number(value) }];
  });
}

function unescaped(written: string): string {
  return written.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
