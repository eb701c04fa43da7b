import type { IniFile } from './ini.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads options as the OpenSIPS AI Voice Connector does: what the file says goes before the environment. */
export class AvcSection {
  readonly name: string;
  readonly #file: IniFile;
  readonly #env: Environment;
  readonly #read = new Set<string>();

  constructor(name: string, file: IniFile, env: Environment) {
    this.name = name;
    this.#file = file;
    this.#env = env;
  }

  /** Whether the file has the section. */
  get present(): boolean {
    return this.#file.has(this.name);
  }

  /** The first of `options` that the file has. */
  has(options: readonly string[]): string | undefined {
    return options.find((option) => this.#file.get(this.name)?.has(option));
  }

  /** The first of `options` that the file has, else the first of `variables` that is set. */
  get(options: string | readonly string[], variables: string | readonly string[] = []): string | undefined {
    const section = this.#file.get(this.name);
    for (const option of [options].flat()) {
      this.#read.add(option);
      const found = section?.get(option);
      if (found !== undefined) return found.value;
    }
    for (const variable of [variables].flat()) {
      const value = this.#env[variable];
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Numbers but 0, `yes`, `true` and `on`; anything else that is no opposite counts as not said. */
  getBoolean(option: string, variable: string): boolean {
    const value = this.get(option, variable)?.trim().toLowerCase() ?? '';
    if (/^\d+$/.test(value)) return Number(value) !== 0;
    return ['yes', 'true', 'on'].includes(value);
  }

  /** A finite number; `undefined` where it is not said, or none. */
  getNumber(option: string, variable: string): number | undefined {
    const text = this.get(option, variable)?.trim();
    const value = text === undefined || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Options of the section that nobody asked for, those of `[DEFAULT]` left out. */
  unread(defaults: ReadonlySet<string>): readonly string[] {
    const options = [...(this.#file.get(this.name)?.keys() ?? [])];
    return options.filter((option) => !this.#read.has(option) && !defaults.has(option));
  }
}
