import type { Patience } from '../language-model/attempts.js';

export interface AnthropicModelOptions extends Patience {
  /** Without the version: `https://api.anthropic.com`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly maxTokens: number;
  /** Left out, it is not sent: newer models refuse it. */
  readonly temperature?: number | undefined;
  readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max' | undefined;
  /** Left out: as the model is used to. */
  readonly thinking?: 'off' | 'adaptive' | undefined;
  /** How long the provider is asked to keep the beginning of the request, or `off`. */
  readonly promptCaching: 'off' | '5m' | '1h';
  readonly parallelTools: boolean;
}
