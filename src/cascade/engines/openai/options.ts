import type { Patience } from '../language-model/attempts.js';
import type { OpenAiEndpoint } from './endpoint.js';

/**
 * Whose server it is. `compatible`: what only OpenAI's own knows is not sent, `max_tokens` is called so, and where no
 * tool may be called none is shown, since some servers ignore `tool_choice`.
 */
export type OpenAiDialect = 'openai' | 'azure' | 'compatible';

export interface OpenAiModelOptions extends Patience {
  readonly dialect: OpenAiDialect;
  readonly endpoint: OpenAiEndpoint;
  /** As the server spells it. */
  readonly model: string;
  /** As the price file knows it: the same, but for deployments with names of their own. */
  readonly pricedModel: string;
  readonly api: 'chat' | 'responses';
  readonly maxTokens: number;
  /** Left out, it is not sent: models that reason refuse it. */
  readonly temperature?: number | undefined;
  readonly reasoningEffort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | undefined;
  readonly parallelTools: boolean;
}
