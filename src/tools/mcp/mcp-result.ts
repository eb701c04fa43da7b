import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { McpFailure } from './mcp-server.js';

type Block = CallToolResult['content'][number];

/**
 * What a model on the phone can use of an MCP result: the structured content where there is some, else the texts.
 * Throws an {@link McpFailure} of the server's own words when the result says that it is an error.
 */
export function readResult({ content, structuredContent, isError }: CallToolResult): unknown {
  const text = content.map(textOf).join('\n');
  if (isError) throw new McpFailure('refused', text || 'The tool failed.');
  if (structuredContent !== undefined) return structuredContent;
  return content.length === 0 ? { ok: true } : text;
}

/** Nobody sees a picture on the phone. */
function textOf(block: Block): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource':
      return 'text' in block.resource ? block.resource.text : '(a file)';
    case 'resource_link':
      return block.title ?? block.name;
    case 'image':
      return '(a picture)';
    case 'audio':
      return '(a sound)';
    default:
      return '';
  }
}
