import type { FakeAccount } from '../fake-provider.js';

/** What an agent of the demo is made of: a flavor, and the services behind it, real ones or fakes. */
export interface DemoModel extends AsyncDisposable {
  /** Lines of the flavor's section, indented by four. */
  readonly section: string;
  /** Variables that it refers to. */
  readonly env: Readonly<Record<string, string>>;
  /** For the picture. */
  readonly agent: string;
  /** What to do when it cannot be reached. */
  readonly remedy?: string;
  /** `undefined` where it is none of our fakes, or does not say. */
  account(): Promise<FakeAccount | undefined>;
}

/** What a fake is to talk about, as `npm run fake` knows it. */
export type FakeScriptName = 'salon' | 'assistant';
