/** Of a module that was compiled from ESM to CommonJS, the default export is one level down. */
export function defaultExport(value: unknown): unknown {
  const compiled = typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
  return compiled ? value.default : value;
}
