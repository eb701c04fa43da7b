/**
 * What a module with a tool of yours imports: `defineTool` and its types. Published as `sip-voice-connector/tools`.
 */
export type { Logger } from '../flavor-api/index.js';
export {
  defineTool,
  type ToolJsonSchema,
  type ToolRun,
  type ToolSchema,
  type UserTool,
} from './module/define-tool.js';
export type { CallFacts } from './tool.js';
